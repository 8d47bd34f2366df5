"""Xero's listings, each read in its own way: whole, by number, or what has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from dlt_sources.assembly import State
from dlt_sources.http import ApiClient, IncompleteRead, MalformedReply, Page, Reply, Request, walk
from dlt_sources.records.convert import read_instant
from dlt_sources.records.intake import Endpoint
from dlt_sources.xero.records import MANUAL_JOURNALS, wire_name

PAGE_SIZE = 1000  # the most that Xero gives
JOURNALS_PER_PAGE = 100  # fixed by Xero
OVERLAP = timedelta(minutes=2)  # the change filter has whole seconds, and writes may become visible a moment late
_WALKS = 3  # of one listing that changes while it is read
_NOT_MODIFIED = 304

Pages = Iterator[tuple[Reply, list[msgspec.Raw]]]
Reader = Callable[[ApiClient, Endpoint, State], Pages]


def plural(endpoint: Endpoint) -> str:
    """The listing as the address names it."""
    return {"organisation": "Organisation"}.get(endpoint.name, wire_name(endpoint.name))


def fetch_page(api: ApiClient, endpoint: Endpoint, request: Request) -> tuple[Reply, list[msgspec.Raw], dict[str, int] | None]:
    """One page; its rows stand under the plural name of what is asked for."""
    key = {"organisation": "Organisations"}.get(endpoint.name, wire_name(endpoint.name))

    def parse(reply: Reply) -> tuple[Reply, list[msgspec.Raw], dict[str, int] | None]:
        if reply.status == _NOT_MODIFIED:
            return reply, [], None
        try:
            envelope = msgspec.json.decode(reply.body, type=dict[str, msgspec.Raw])
            rows = msgspec.json.decode(envelope[key], type=list[msgspec.Raw])
            pagination = msgspec.json.decode(envelope["pagination"], type=dict[str, int]) if "pagination" in envelope else None
        except (msgspec.DecodeError, KeyError):
            raise MalformedReply(f"{reply.request} answered without '{key}'; check base_url.") from None
        return reply, rows, pagination

    return api.send(request, parse)


def whole_list(api: ApiClient, endpoint: Endpoint, _state: State) -> Pages:
    """Lists that Xero gives whole, archived and deleted rows too. A deleted bank transfer tells no moment of its change."""
    reply, rows, _ = fetch_page(api, endpoint, Request("GET", plural(endpoint), _EVERY_ROW.get(endpoint.name)))
    yield reply, rows


def journals(api: ApiClient, endpoint: Endpoint, state: State) -> Pages:
    """Journals above the last number read, each once. Numbers have gaps, so the next offset is the largest seen, not a count."""

    def fetch(request: Request) -> Page[list[msgspec.Raw]]:
        reply, rows, _ = fetch_page(api, endpoint, request)
        numbers = [msgspec.json.decode(row, type=_Numbered).number for row in rows]
        above = int((request.params or {}).get("offset", 0))
        if numbers:
            state["journal_number"] = max(above, *numbers)
        following = after(max(numbers)) if len(rows) == JOURNALS_PER_PAGE else None
        new = [row for row, number in zip(rows, numbers, strict=True) if number > above]  # some servers include the offset itself
        return Page(new, reply, following, len(rows))

    def after(number: int) -> Request:
        return Request("GET", "Journals", {"offset": str(number)})

    for page in walk(after(state.get("journal_number", 0)), fetch):
        yield page.reply, page.content


class _Numbered(msgspec.Struct):
    number: int = msgspec.field(name="JournalNumber")


class _Changed(msgspec.Struct):
    """The moment of change of any document; Xero's own form."""

    at: str | None = msgspec.field(name="UpdatedDateUTC", default=None)


def _identified(endpoint: Endpoint, row: msgspec.Raw) -> tuple[str, datetime] | None:
    """Identity and moment of change; None for a row that does not fit: the intake has set it aside, with the reason."""
    try:
        told = msgspec.json.decode(row, type=_Changed).at
        moment = read_instant(told) if told else None
        return (endpoint.identity(msgspec.json.decode(row, type=endpoint.document)), moment) if moment else None
    except (msgspec.DecodeError, ValueError):
        return None


def changed(api: ApiClient, endpoint: Endpoint, state: State) -> Pages:
    """Documents changed since the last run less an overlap, oldest change first, a thousand a page where Xero pages them."""
    cursor = datetime.fromisoformat(state["changed_until"]) if "changed_until" in state else None
    headers = {"If-Modified-Since": f"{cursor - OVERLAP:%Y-%m-%dT%H:%M:%S}"} if cursor else None
    changed_at: dict[str, datetime] = {key: datetime.fromisoformat(at) for key, at in state.get("known_at", {}).items()}
    for _ in range(_WALKS):
        read: set[str] = set()
        has_moved = False
        for found in _listing(api, endpoint, headers):
            yield found.reply, found.content
            page = dict(filter(None, (_identified(endpoint, row) for row in found.content)))
            has_moved |= not read.isdisjoint(page)
            read.update(page)
            changed_at |= page
            if changed_at:
                cursor = max(changed_at.values())
                changed_at = {key: moment for key, moment in changed_at.items() if moment >= cursor - OVERLAP}
        if not has_moved:
            break
    else:
        raise IncompleteRead(
            f"{plural(endpoint)} of '{api.name}' change faster than they can be read; they are read again at the next run."
        )
    if cursor is not None:
        state["changed_until"] = cursor.isoformat()
        state["known_at"] = {key: moment.isoformat() for key, moment in changed_at.items()}
        state["known"] = {key: value for key, value in state.get("known", {}).items() if key in changed_at}


def _listing(api: ApiClient, endpoint: Endpoint, headers: Mapping[str, str] | None) -> Iterator[Page[list[msgspec.Raw]]]:
    """The pages of a listing, once.

    A document that changes meanwhile moves to the end and all others up by one: it comes twice, and another one may have slipped
    through between two pages.
    """
    is_paged = endpoint.name in PAGED
    params = {"pageSize": str(PAGE_SIZE)} if is_paged else {}
    if endpoint is not MANUAL_JOURNALS:  # asked for an order, Xero gives all manual journals as one page
        params["order"] = "UpdatedDateUTC ASC"
    params |= _EVERY_ROW.get(endpoint.name, {})

    def fetch(request: Request) -> Page[list[msgspec.Raw]]:
        reply, rows, pagination = fetch_page(api, endpoint, request)
        number = int((request.params or {}).get("page", 1))
        more = is_paged and (number < pagination["pageCount"] if pagination else len(rows) >= PAGE_SIZE)
        return Page(rows, reply, page(number + 1) if more else None, len(rows), pagination["itemCount"] if pagination else None)

    def page(number: int) -> Request:
        return Request("GET", plural(endpoint), {**params, "page": str(number)} if is_paged else params, headers)

    return walk(page(1), fetch)


def budgets(api: ApiClient, endpoint: Endpoint, state: State) -> Pages:
    """The list has no lines: each budget that is new or changed is read on its own."""
    reply, listed, _ = fetch_page(api, endpoint, Request("GET", "Budgets"))
    read: dict[str, str] = state.setdefault("read", {})
    for row in listed:
        budget = msgspec.json.decode(row, type=_Listed)
        if read.get(budget.id) == budget.at:
            continue
        reply, detail, _ = fetch_page(api, endpoint, Request("GET", f"Budgets/{budget.id}"))
        yield reply, detail
        read[budget.id] = budget.at


class _Listed(msgspec.Struct):
    id: str = msgspec.field(name="BudgetID")
    at: str = msgspec.field(name="UpdatedDateUTC", default="")


READERS: dict[str, Reader] = {
    "organisation": whole_list,
    "accounts": whole_list,
    "bank_transfers": whole_list,
    "items": whole_list,
    "tax_rates": whole_list,
    "currencies": whole_list,
    "tracking_categories": whole_list,
    "journals": journals,
    "budgets": budgets,
}
_EVERY_ROW: Mapping[str, Mapping[str, str]] = {
    "tracking_categories": {"includeArchived": "true"},
    "contacts": {"includeArchived": "true"},
    "bank_transfers": {"includeDeleted": "true"},
}
PAGED = frozenset(
    {
        "invoices",
        "credit_notes",
        "bank_transactions",
        "payments",
        "prepayments",
        "overpayments",
        "manual_journals",
        "contacts",
    }
)
