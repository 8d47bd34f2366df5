"""Reading an entity set to its end, whatever the gateway's way of giving pages.

A page may carry the link to the next one (``__next``), which is followed as it is; where it does not, further rows are asked for
with ``$skip``. Rows are counted against what the gateway announces.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import urljoin

import msgspec

from dlt_sources.http import ApiClient, BadRequest, ErrorReply, MalformedReply, Page, Reply, Request, walk

log = logging.getLogger(__name__)

Rows = Page[list[msgspec.Raw]]


def text(value: str) -> str:
    """A character literal of a filter."""
    quoted = value.replace("'", "''")
    return f"'{quoted}'"


def day(value: date) -> str:
    """A date literal: SAP's dates are Edm.DateTime at midnight."""
    return f"datetime'{value:%Y-%m-%d}T00:00:00'"


def moment(value: datetime) -> str:
    """A literal of a moment in UTC."""
    return f"datetimeoffset'{value:%Y-%m-%dT%H:%M:%S}Z'"


def any_of(name: str, values: Sequence[str]) -> str:
    """A condition: the property has one of the values."""
    conditions = [f"{name} eq {text(value)}" for value in values]
    return conditions[0] if len(conditions) == 1 else f"({' or '.join(conditions)})"


def all_of(*conditions: str) -> str:
    """Conditions that hold together; empty ones are left out."""
    return " and ".join(condition for condition in conditions if condition)


class _Results(msgspec.Struct):
    results: list[msgspec.Raw]
    next_link: str | None = msgspec.field(name="__next", default=None)
    count: int | str | None = msgspec.field(name="__count", default=None)


class _Envelope(msgspec.Struct):
    """The outermost object: of v2 (``d``), of v4 (``value``), or an error."""

    d: _Results | list[msgspec.Raw] | None = None
    value: list[msgspec.Raw] | None = None
    next_link: str | None = msgspec.field(name="@odata.nextLink", default=None)
    count: int | str | None = msgspec.field(name="@odata.count", default=None)
    error: msgspec.Raw = msgspec.Raw(b"null")


class _Message(msgspec.Struct):
    value: str = ""


class _Error(msgspec.Struct):
    code: str | int | None = None
    message: _Message | str | None = None


@dataclass(frozen=True)
class Found:
    """One page as it came: rows, the link to the next page, the number of rows in all if it is told."""

    rows: list[msgspec.Raw]
    next_link: str | None
    total: int | None


def envelope(reply: Reply, name: str) -> Found:
    """The rows of an answer, in v2's or v4's envelope.

    Raises :class:`MalformedReply` for what is neither (HTML, Atom, cut JSON), :class:`ErrorReply` for an error that came as success.
    """
    try:
        outer = msgspec.json.decode(reply.body, type=_Envelope)
    except (msgspec.DecodeError, UnicodeDecodeError):
        outer = _Envelope()
    if bytes(outer.error) != b"null":
        raise ErrorReply(f"Connection '{name}': {reply.request} answered with an error: {_told(outer.error)}")
    if isinstance(outer.d, _Results):
        return Found(outer.d.results, outer.d.next_link, _number(outer.d.count))
    if outer.d is not None:
        return Found(outer.d, None, None)
    if outer.value is not None:
        return Found(outer.value, outer.next_link, _number(outer.count))
    raise MalformedReply(
        f"Connection '{name}': {reply.request} did not answer with OData in JSON; check base_url, it ends in /sap/opu/odata/sap."
    )


def _number(count: int | str | None) -> int | None:
    return int(str(count)) if str(count).isdigit() else None


def _told(error: msgspec.Raw) -> str:
    try:
        found = msgspec.json.decode(error, type=_Error)
    except msgspec.DecodeError:
        return bytes(error)[:200].decode("utf-8", "replace")
    message = found.message.value if isinstance(found.message, _Message) else found.message
    return " ".join(str(part) for part in (found.code, message) if part)


@dataclass
class Reader:
    """Reads entity sets for one connection.

    ``params`` and ``headers`` go with every call. Properties that this system's release does not have are left out of ``$select``
    after its first refusal, and told in the log.
    """

    api: ApiClient
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    lacking: dict[str, set[str]] = field(default_factory=dict)

    def pages(
        self,
        path: str,
        *,
        size: int,
        order: Sequence[str] = (),
        where: str = "",
        select: Sequence[str] = (),
        expand: Sequence[str] = (),
        counted: bool = True,
    ) -> Iterator[Rows]:
        """Every page of an entity set; ``size`` rows are asked for at once, the server may give fewer.

        ``counted`` False asks for no count: of groups not every gateway tells the right one.
        """
        while True:
            lacking = self.lacking.setdefault(path, set())
            chosen = [name for name in select if name not in lacking]
            options = {
                "$select": ",".join(chosen),
                "$filter": where,
                "$expand": ",".join(expand),
                "$orderby": ",".join(order),
                "$top": str(size),
                "$inlinecount": "allpages" if counted else "",
            }
            began = False
            try:
                for page in self._walk(path, {name: value for name, value in options.items() if value} | dict(self.params), size):
                    began = True
                    yield page
            except BadRequest as refusal:
                unknown = {name for name in chosen if f"'{name}'" in str(refusal) and name not in order}
                if began or not unknown:
                    raise
                lacking |= unknown
                log.warning("%s: %s does not have %s; the columns stay empty", self.api.name, path, ", ".join(sorted(unknown)))
            else:
                return

    def first(self, path: str) -> int:
        """Rows on a first page of one row: whether the set can be read at all."""
        return len(self._get(Request("GET", path, {"$top": "1", **self.params}, self.headers))[1].rows)

    def edge(self, path: str, name: str, where: str, *, last: bool) -> str | None:
        """The lowest or the highest value of a property, None where there are no rows."""
        options = {"$select": name, "$filter": where, "$orderby": f"{name} desc" if last else name, "$top": "1", **self.params}
        rows = self._get(Request("GET", path, options, self.headers))[1].rows
        value = msgspec.json.decode(rows[0], type=dict[str, object]).get(name) if rows else None
        return None if value is None else str(value)

    def follow(self, link: str) -> Iterator[Rows]:
        """Every page behind a link that the vendor gave, such as that of a deferred navigation."""
        yield from self._walk(link, dict(self.params), 0)

    def _walk(self, path: str, options: Mapping[str, str], size: int) -> Iterator[Rows]:
        read, window, announced = 0, 0, None

        def fetch(request: Request) -> Rows:
            nonlocal read, window, announced
            reply, found = self._get(request)
            count = len(found.rows)
            read, window = read + count, window + count
            announced = announced if found.total is None else found.total
            following: Request | None = None
            if found.next_link:
                # Taken as it is: rebuilding it would lose options. A relative link is relative to the service.
                following = Request("GET", urljoin(self._service(request.url), found.next_link), None, self.headers)
            elif size and count and (read < announced if announced is not None else window == size):
                window = 0
                following = Request("GET", path, {**options, "$skip": str(read)}, self.headers)
            return Page(found.rows, reply, following, count, announced)

        yield from walk(Request("GET", path, options, self.headers), fetch)

    def _service(self, url: str) -> str:
        """The address of the service that a call went to, with a slash at its end."""
        absolute = urljoin(self.api.base_url, url)
        return absolute.partition("?")[0].rpartition("/")[0] + "/"

    def _get(self, request: Request) -> tuple[Reply, Found]:
        return self.api.send(request, lambda reply: (reply, envelope(reply, self.api.name)))
