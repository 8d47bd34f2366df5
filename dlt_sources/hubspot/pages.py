"""The pages of HubSpot's listings, searches and batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import msgspec

from dlt_sources.http import ApiClient, ErrorReply, MalformedReply, Page, Reply, Request, walk
from dlt_sources.hubspot import records
from dlt_sources.records.convert import read_instant

LIST_SIZE, SEARCH_SIZE, SUBMISSIONS_SIZE = 100, 200, 50  # the most that HubSpot gives
OBJECT_BATCH, HISTORY_BATCH, CAMPAIGN_BATCH, TIE_BATCH = 100, 50, 50, 1000
EVENTS_SIZE = 1000
SEARCH_CAP = 10_000  # rows after which a search refuses to go on

Pages = Iterator[tuple[Reply, list[msgspec.Raw]]]


class _Next(msgspec.Struct):
    after: str


class Paging(msgspec.Struct):
    """Where a list goes on, if it does."""

    next: _Next | None = None


class _Failure(msgspec.Struct):
    category: str = ""


class _Envelope(msgspec.Struct):
    results: list[msgspec.Raw]
    total: int | None = None
    paging: Paging | None = None
    errors: list[_Failure] | None = None


class Changed(msgspec.Struct, rename="camel"):
    """Identity and moment of change of any object."""

    id: str
    updated_at: str | None = None

    def moment(self) -> datetime | None:
        """The moment in UTC, without offset; None where there is none that can be read."""
        try:
            return read_instant(self.updated_at) if self.updated_at else None
        except ValueError:
            return None  # the row itself will be set aside, with this value as its reason


class Tied(msgspec.Struct):
    """Whose ties a row of a batch tells, and these as they came; a long list of them goes on in a further batch."""

    from_: records.Reference = msgspec.field(name="from")
    to: list[msgspec.Raw] = []
    paging: Paging | None = None


def fetch(api: ApiClient, request: Request) -> tuple[Reply, list[msgspec.Raw], str | None, int | None]:
    """One page: the answer, its rows, the cursor of the next page, the announced total."""

    def parse(reply: Reply) -> tuple[Reply, list[msgspec.Raw], str | None, int | None]:
        try:
            envelope = msgspec.json.decode(reply.body, type=_Envelope)
        except msgspec.DecodeError:
            raise MalformedReply(f"{reply.request} answered without 'results'; check base_url.") from None
        for failure in envelope.errors or ():
            if failure.category != "OBJECT_NOT_FOUND":  # what a batch does not tell for another reason is not absent
                raise ErrorReply(f"{reply.request} failed for some of its objects ({failure.category}).", retryable=True)
        following = envelope.paging.next.after if envelope.paging and envelope.paging.next else None
        return reply, envelope.results, following, envelope.total

    return api.send(request, parse)


def listing(api: ApiClient, path: str, options: dict[str, str]) -> Pages:
    """Every page of a listing."""

    def page(request: Request) -> Page[list[msgspec.Raw]]:
        reply, rows, following, total = fetch(api, request)
        onward = Request("GET", path, {**options, "after": following}) if following else None
        return Page(rows, reply, onward, len(rows), total)

    for one in walk(Request("GET", path, options), page):
        yield one.reply, one.content


def search(api: ApiClient, path: str, properties: Sequence[str], modified: str, since: datetime) -> Pages:
    """Objects whose property ``modified`` is at a moment or later, by id.

    Where a search would exceed what one may hold, a new one begins above the last id. Sorting by the moment instead would never end
    when more rows share one moment than a search holds.
    """
    changed = {"propertyName": modified, "operator": "GTE", "value": str(int(since.replace(tzinfo=UTC).timestamp() * 1000))}
    last_id = 0

    def order(after: int) -> Request:
        above = {"propertyName": "hs_object_id", "operator": "GT", "value": str(last_id)}
        body = {
            "filterGroups": [{"filters": [changed, above]}],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": list(properties),
            "limit": SEARCH_SIZE,
            "after": str(after),
        }
        return Request("POST", f"{path}/search", json=body)

    while True:
        highest = last_id

        def page(request: Request) -> Page[list[msgspec.Raw]]:
            nonlocal highest
            reply, rows, following, total = fetch(api, request)
            highest = max([highest, *(int(msgspec.json.decode(row, type=Changed).id) for row in rows)])
            more = following is not None and int(following) + SEARCH_SIZE <= SEARCH_CAP
            announced = total if total is not None and total <= SEARCH_CAP else None
            return Page(rows, reply, order(int(following)) if more and following else None, len(rows), announced)

        found = 0
        for one in walk(order(0), page):
            found += one.count
            yield one.reply, one.content
        if found < SEARCH_CAP or highest == last_id:
            return
        last_id = highest


def objects(api: ApiClient, path: str, properties: Sequence[str], ids: Sequence[str]) -> Pages:
    """Objects by id; those that are gone are left out, and in place of one that was merged comes the one it became."""
    for start in range(0, len(ids), OBJECT_BATCH):
        body = {"inputs": [{"id": key} for key in ids[start : start + OBJECT_BATCH]], "properties": list(properties)}
        reply, rows, _, _ = fetch(api, Request("POST", f"{path}/batch/read", json=body))
        yield reply, rows


def histories(api: ApiClient, path: str, name: str, ids: Sequence[str], options: dict[str, str]) -> Pages:
    """Objects by id with the former values of one property; those that are gone are left out."""
    for start in range(0, len(ids), HISTORY_BATCH):
        inputs = [{"id": key} for key in ids[start : start + HISTORY_BATCH]]
        body = {"inputs": inputs, "properties": [name], "propertiesWithHistory": [name]}
        reply, rows, _, _ = fetch(api, Request("POST", f"{path}/batch/read", options, json=body))
        yield reply, rows


class _Log(msgspec.Struct, rename="camel"):
    events: list[msgspec.Raw]
    has_more: bool = False
    offset: str = ""


def log(api: ApiClient, path: str, options: dict[str, str]) -> Pages:
    """Every page of the event log of e-mails, newest first; it pages in the older way."""

    def parse(reply: Reply) -> tuple[Reply, _Log]:
        try:
            return reply, msgspec.json.decode(reply.body, type=_Log)
        except msgspec.DecodeError:
            raise MalformedReply(f"{reply.request} answered without 'events'; check base_url.") from None

    def page(request: Request) -> Page[list[msgspec.Raw]]:
        reply, told = api.send(request, parse)
        if told.has_more and not told.offset:
            raise MalformedReply(f"{reply.request} has more events and does not say where.")
        onward = Request("GET", path, {**options, "offset": told.offset}) if told.has_more else None
        return Page(told.events, reply, onward, len(told.events))

    for one in walk(Request("GET", path, options), page):
        yield one.reply, one.content


def single(reply: Reply) -> Reply:
    """An answer that is one object."""
    try:
        msgspec.json.decode(reply.body, type=dict[str, msgspec.Raw])
    except msgspec.DecodeError:
        raise MalformedReply(f"{reply.request} did not answer with an object; check base_url.") from None
    return reply


def with_fields(document: bytes | msgspec.Raw, **more: str) -> msgspec.Raw:
    """A document with further fields: what the vendor has in the address only."""
    fields = msgspec.json.decode(document, type=dict[str, msgspec.Raw])
    return msgspec.Raw(msgspec.json.encode({**more, **fields}))


def ties(api: ApiClient, kind: str, target: str, ids: Sequence[str]) -> Iterator[tuple[Reply, list[msgspec.Raw], list[Tied]]]:
    """The ties of objects to those of one type, a thousand objects a call; an object without any is left out."""
    waiting = [{"id": key} for key in ids]

    def order() -> Request | None:
        inputs = waiting[:TIE_BATCH]
        del waiting[:TIE_BATCH]
        return Request("POST", f"crm/v4/associations/{kind}/{target}/batch/read", json={"inputs": inputs}) if inputs else None

    def page(request: Request) -> Page[tuple[list[msgspec.Raw], list[Tied]]]:
        reply, rows, _, _ = fetch(api, request)
        try:
            told = [msgspec.json.decode(row, type=Tied) for row in rows]
        except msgspec.DecodeError:
            raise MalformedReply(f"{reply.request} does not say whose associations it tells.") from None
        waiting.extend({"id": one.from_.id, "after": one.paging.next.after} for one in told if one.paging and one.paging.next)
        return Page((rows, told), reply, order(), len(rows))

    if first := order():
        for one in walk(first, page):
            yield one.reply, *one.content
