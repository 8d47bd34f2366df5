"""Asking a Salesforce org: which fields there are, and queries page by page, with what the vendor's error codes mean."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from dlt_sources.connection import Unavailable
from dlt_sources.http import (
    ApiClient,
    BadRequest,
    ErrorReply,
    MalformedReply,
    NotFound,
    Page,
    PermissionMissing,
    QuotaExhausted,
    Reply,
    Request,
    walk,
)
from dlt_sources.records.declare import record_columns
from dlt_sources.salesforce.records import Listing, wire_name

log = logging.getLogger(__name__)
BATCH = 2000  # the most that a page of a query holds
TOLD = frozenset({400, 403, 404})
_BAD_REQUEST, _FORBIDDEN, _NOT_FOUND = 400, 403, 404
_IDS_A_QUERY = 200
_RESTARTS = 2
_COMPOUND = frozenset({"address", "location", "base64"})
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")
_LATER = frozenset({"QUERY_TIMEOUT", "SERVER_UNAVAILABLE", "UNABLE_TO_LOCK_ROW", "REQUEST_RUNNING_TOO_LONG"})


class CursorLost(BadRequest):
    """The vendor no longer knows the pages of a query: it must be asked anew."""


class FieldLost(BadRequest):
    """A field that was there is no longer, or the user may no longer see it."""


class _Trouble(msgspec.Struct, rename={"code": "errorCode"}):
    message: str = ""
    code: str = ""


class _Envelope(msgspec.Struct, rename="camel"):
    records: list[msgspec.Raw]
    total_size: int
    done: bool
    next_records_url: str | None = None


class _Field(msgspec.Struct):
    name: str
    type: str = "string"


class _Described(msgspec.Struct):
    fields: list[_Field]


Fields = Mapping[str, str]
"""Field of a record -> the org's name of it."""


class Org:
    """One org, as a user of it may see it. ``remaining`` calls of the day are left to others."""

    def __init__(
        self, api: ApiClient, version: str, custom: Mapping[str, str], missing: Unavailable, *, remaining: int = 0
    ) -> None:
        self.api, self._custom, self._missing, self._remaining = api, custom, missing, remaining
        self.root = f"services/data/v{version}"

    def fields(self, listing: Listing) -> Fields:
        """The declared fields of an object that the org has.

        A field that the settings name and the object lacks is told. Raises :class:`NotFound` where there is no such object.
        """
        chosen, lacking = self.look(listing)
        for column, setting in lacking.items():
            self.tell(f"{listing.endpoint.name}.{column}", self.lacks(listing, setting))
        return chosen

    def tell(self, what: str, reason: str) -> None:
        """Name what could not be read, with the reason."""
        self._missing.reasons[what] = reason

    def look(self, listing: Listing) -> tuple[Fields, Fields]:
        """The declared fields that an object has, and those that the settings name and it lacks: field -> setting."""
        request = Request("GET", f"{self.root}/sobjects/{listing.sobject}/describe")

        def parse(reply: Reply) -> dict[str, str]:
            self.judge(reply)
            try:
                described = msgspec.json.decode(reply.body, type=_Described)
            except msgspec.DecodeError:
                raise MalformedReply(f"{reply.request} does not describe an object; check base_url.") from None
            return {each.name.lower(): each.name for each in described.fields if each.type not in _COMPOUND}

        there = self.api.send(request, parse)
        chosen, lacking, custom = {}, {}, dict(listing.custom)
        for column in record_columns(listing.endpoint.document):
            setting = custom.get(column.name)
            wanted = self._custom.get(setting, "") if setting else wire_name(listing.endpoint.document, column.attribute)
            if wanted.lower() in there:
                chosen[column.attribute] = there[wanted.lower()]
            elif setting and wanted:
                lacking[column.name] = setting
        return chosen, lacking

    def lacks(self, listing: Listing, setting: str) -> str:
        """What to say where an object lacks a field that the settings name."""
        return (
            f"Connection '{self.api.name}': the setting {setting} names the field '{self._custom[setting]}', which {listing.sobject} does not "
            "have or the user may not see; correct the setting, or give the user read access to the field."
        )

    def count(self, listing: Listing, condition: str = "") -> int:
        """How many records there are."""
        request = self._first(f"SELECT COUNT() FROM {listing.sobject}{f' WHERE {condition}' if condition else ''}")
        return self.api.send(request, lambda reply: self._envelope(reply).total_size)

    def rows(self, listing: Listing, fields: Fields, condition: str = "") -> Iterator[tuple[Reply, list[msgspec.Raw]]]:
        """Pages of the records of an object, deleted ones too, those that changed first first.

        Where the vendor loses the query it is asked again from the start: rows may come twice.
        """
        ordered = ", ".join(dict.fromkeys([*([fields[listing.cursor]] if listing.cursor in fields else []), "Id"]))
        statement = select(listing, fields, condition) + f" ORDER BY {ordered}"
        for restart in range(_RESTARTS + 1):
            try:
                yield from self._pages(statement)
            except CursorLost:
                if restart == _RESTARTS:
                    raise
                log.info("%s: the query of %s is lost, and asked again", self.api.name, listing.sobject)
            else:
                return

    def ids(self, listing: Listing) -> set[str]:
        """The ids of all records that are not deleted."""
        found: set[str] = set()
        for _, rows in self.rows(listing, {"id": "Id"}, "IsDeleted = false"):
            found.update(msgspec.json.decode(row, type=_Id).id for row in rows)
        return found

    def by_id(self, listing: Listing, fields: Fields, ids: Sequence[str]) -> Iterator[tuple[Reply, list[msgspec.Raw]]]:
        """Records by their ids."""
        for start in range(0, len(ids), _IDS_A_QUERY):
            listed = ", ".join(f"'{key}'" for key in ids[start : start + _IDS_A_QUERY])
            yield from self.rows(listing, fields, f"Id IN ({listed})")

    def first_page(self, listing: Listing) -> int:
        """The rows of a query of one row, with all fields; raises :class:`NotFound` where one that the settings name is missing."""
        fields, lacking = self.look(listing)
        for setting in lacking.values():
            raise NotFound(self.lacks(listing, setting))
        return len(self.api.send(self._first(f"{select(listing, fields)} LIMIT 1"), self._envelope).records)

    def judge(self, reply: Reply) -> None:
        """Raise what an error means; return for a good answer."""
        usage = _USAGE.search(reply.headers.get("sforce-limit-info", ""))
        if self._remaining and usage and int(usage[2]) - int(usage[1]) < self._remaining:
            raise QuotaExhausted(
                f"Connection '{self.api.name}': {usage[1]} of the {usage[2]} calls of a day are used, and min_api_remaining leaves "
                f"{self._remaining} to others; calls of the last 24 hours count, so run again later."
            )
        if reply.status not in TOLD:
            return
        trouble = troubles(reply)[0]
        told = f"Connection '{self.api.name}': {reply.request} answered {reply.status} {trouble.code}: {' '.join(trouble.message.split())[:300]}"
        if trouble.code == "REQUEST_LIMIT_EXCEEDED":
            if "concurrent" in trouble.message.lower():
                raise ErrorReply(told, retryable=True)
            raise QuotaExhausted(
                f"Connection '{self.api.name}': the org's calls of the last 24 hours are used up ({trouble.message}); run again later."
            )
        if trouble.code in _LATER:
            raise ErrorReply(told, retryable=True)
        if trouble.code == "INVALID_QUERY_LOCATOR":
            raise CursorLost(told)
        if trouble.code == "INVALID_FIELD":
            raise FieldLost(told)
        if reply.status == _NOT_FOUND or trouble.code == "INVALID_TYPE":
            raise NotFound(f"{told} The org has no such object, or the user may not read it.")
        if reply.status == _FORBIDDEN:
            raise PermissionMissing(f"{told} Give the user access to the API and to the object.")
        raise BadRequest(told)

    def _first(self, statement: str) -> Request:
        return Request("GET", f"{self.root}/queryAll", {"q": statement}, {"Sforce-Query-Options": f"batchSize={BATCH}"})

    def _pages(self, statement: str) -> Iterator[tuple[Reply, list[msgspec.Raw]]]:
        first = self._first(statement)

        def page(request: Request) -> Page[list[msgspec.Raw]]:
            try:
                reply, found = self.api.send(request, lambda answer: (answer, self._envelope(answer)))
            except (PermissionMissing, NotFound) as refusal:
                if request is first:
                    raise
                raise BadRequest(str(refusal)) from None  # in the middle of the rows it is no missing object: they are not all here
            onward = None
            if not found.done:
                onward = Request("GET", self.absolute(found.next_records_url or ""), headers=request.headers)
            return Page(found.records, reply, onward, len(found.records), found.total_size)

        for one in walk(first, page):
            yield one.reply, one.content

    def _envelope(self, reply: Reply) -> _Envelope:
        self.judge(reply)
        try:
            found = msgspec.json.decode(reply.body, type=_Envelope)
        except msgspec.DecodeError:
            raise MalformedReply(f"{reply.request} did not answer with records; check base_url.") from None
        if not found.done and not found.next_records_url:
            raise MalformedReply(f"{reply.request} says that more records follow, but not where.")
        return found

    def absolute(self, link: str) -> str:
        """Where a link leads: the vendor's are paths from the root of its host, which is what base_url stands for."""
        base = self.api.base_url.rstrip("/")
        parts = urlsplit(base)
        if urlsplit(link).scheme:
            return link
        if parts.path and link.startswith(f"{parts.path}/"):
            return f"{parts.scheme}://{parts.netloc}{link}"
        return f"{base}/{link.lstrip('/')}"


class _Id(msgspec.Struct, rename={"id": "Id"}):
    id: str


def select(listing: Listing, fields: Fields, condition: str = "") -> str:
    """The query of an object's records."""
    where = f" WHERE {condition}" if condition else ""
    return f"SELECT {', '.join(fields.values())} FROM {listing.sobject}{where}"


def troubles(reply: Reply) -> list[Any]:
    """The errors of an answer; one without a code where it has none that can be read."""
    try:
        found = msgspec.json.decode(reply.body, type=list[_Trouble])
    except msgspec.DecodeError:
        found = []
    return found or [_Trouble(" ".join(reply.body[:200].decode("utf-8", "replace").split()))]
