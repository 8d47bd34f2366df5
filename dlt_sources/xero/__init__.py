"""Xero: books and budgets of one organisation, through the Accounting API 2.0.

Journals are read by their number, documents by ``If-Modified-Since`` with a small overlap, small lists whole. Voided, deleted and
archived rows come with their status. Xero gives Journals to apps of its Advanced tier only: without them the ledger is rebuilt from
documents, all of which must then be readable. Deliberately absent: reports (the hub computes them), payroll, files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from dlt_sources.assembly import State, assemble, probe
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import (
    ApiClient,
    Application,
    IncompleteRead,
    MalformedReply,
    NotFound,
    OAuth2,
    Page,
    PermissionMissing,
    Policy,
    RateLimit,
    Reply,
    Request,
    SourceError,
    walk,
)
from dlt_sources.records import Archive
from dlt_sources.records.convert import read_instant
from dlt_sources.records.intake import Endpoint, Intake
from dlt_sources.xero import records

PAGE_SIZE = 1000  # the most that Xero gives
JOURNALS_PER_PAGE = 100  # fixed by Xero
OVERLAP = timedelta(minutes=2)  # the change filter has whole seconds, and writes may become visible a moment late
SCOPES = (
    "accounting.transactions.read accounting.journals.read accounting.settings.read "
    "accounting.contacts.read accounting.budgets.read"
)
_LONGEST_PAUSE = 90.0  # seconds; the minute limit asks for less, the day limit for hours
_NOT_MODIFIED = 304
_WALKS = 3  # of one listing that changes while it is read
_ESSENTIAL = frozenset({"organisation", "accounts", "invoices"})
_INSTEAD_OF_JOURNALS = frozenset(
    {"credit_notes", "bank_transactions", "payments", "prepayments", "overpayments", "bank_transfers", "manual_journals"}
)

Pages = Iterator[tuple[Reply, list[msgspec.Raw]]]
Reader = Callable[[ApiClient, Endpoint, State], Pages]


class LedgerUnreadableError(SourceError):
    """The ledger can be built neither from journals nor from documents."""


class XeroSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Keys of a Xero connection; addresses are the vendor's by default.

    With ``refresh_token`` the app acts for a user (the token rotates and is kept in the token store); without it as a custom
    connection (client credentials), for which ``tenant_id`` may be empty. ``scopes`` are those that the app may ask for: apps made
    since 2026-03-02 must name granular ones.
    """

    client_id: str
    client_secret: str
    tenant_id: str = ""
    refresh_token: str | None = None
    base_url: str = "https://api.xero.com/api.xro/2.0"
    token_url: str = "https://identity.xero.com/connect/token"  # noqa: S105 - an address
    authorize_url: str = "https://login.xero.com/identity/connect/authorize"
    scopes: str = SCOPES
    calls_per_minute: int = 60


def client(connection: Connection[XeroSettings]) -> ApiClient:
    """A client of the Accounting API for one connection."""
    settings = connection.settings
    auth = OAuth2(
        connection.name,
        connection.tokens,
        token_url=settings.token_url,
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        first_refresh_token=settings.refresh_token,
        scope=settings.scopes,
        extra={"Xero-Tenant-Id": settings.tenant_id} if settings.tenant_id else {},
    )
    policy = Policy(limits=(RateLimit(settings.calls_per_minute, 60.0),), max_delay=_LONGEST_PAUSE)
    return ApiClient(connection.name, settings.base_url, auth, policy)


def application(settings: XeroSettings) -> Application:
    """What Xero must know for a first consent; its tenants are listed at ``https://api.xero.com/connections``."""
    return Application(
        settings.authorize_url,
        settings.token_url,
        settings.client_id,
        settings.client_secret,
        f"openid offline_access {settings.scopes}",
        settings.refresh_token,
    )


def source(connection: Connection[XeroSettings], unavailable: Unavailable | None = None) -> Any:
    """The dlt source: one resource per endpoint, each feeding the tables of its declaration.

    Tables that the credentials may not read are named in ``unavailable``, unless the books cannot be built without them.
    Raises :class:`LedgerUnreadableError` where neither journals nor all of the documents in their place can be read, or where
    journals that were read before may not be read any more.
    """
    archive = Archive(connection.archive, "xero", connection.name)
    refused: set[str] = set()

    def read(endpoint: Endpoint, state: State) -> Iterator[Any]:
        known = None if endpoint is records.JOURNALS else state.setdefault("known", {})
        intake = Intake(endpoint, connection_id=connection.name, archive=archive, known=known)
        try:
            with client(connection) as api:
                for reply, documents in _READERS.get(endpoint.name, _changed)(api, endpoint, state):
                    yield from intake.take(reply, documents)
        except (PermissionMissing, NotFound) as refusal:
            refused.add(endpoint.name)
            if endpoint is records.JOURNALS and state.get("journal_number"):
                raise LedgerUnreadableError(
                    f"{refusal} Connection '{connection.name}' has a ledger of journals, which would stand still while documents go "
                    "on: give the app a tier with Journals again, or connect the organisation under another name."
                ) from refusal
            if records.JOURNALS.name in refused and (lacking := refused & _INSTEAD_OF_JOURNALS):
                raise LedgerUnreadableError(
                    f"Connection '{connection.name}': without Journals the ledger is rebuilt from documents, and "
                    f"{' and '.join(sorted(map(records.wire_name, lacking)))} may not be read either; grant their scopes."
                ) from refusal
            raise
        yield from intake.finish()

    return assemble("xero", records.ENDPOINTS, read, essential=_ESSENTIAL, unavailable=unavailable)


_REBUILT = "Without them the ledger is rebuilt from documents."
_PAGES = {
    "sale": "AccountsReceivable/View.aspx?InvoiceID=",
    "purchase": "AccountsPayable/View.aspx?InvoiceID=",
    "sale_credit": "AccountsReceivable/ViewCreditNote.aspx?creditNoteID=",
    "purchase_credit": "AccountsPayable/ViewCreditNote.aspx?creditNoteID=",
    "bank_spent": "Bank/ViewTransaction.aspx?bankTransactionID=",
    "bank_received": "Bank/ViewTransaction.aspx?bankTransactionID=",
    "payment_made": "Bank/ViewTransaction.aspx?bankTransactionID=",
    "payment_received": "Bank/ViewTransaction.aspx?bankTransactionID=",
    "bank_transfer": "Bank/ViewTransfer.aspx?bankTransferID=",
    "journal": "Journal/View.aspx?invoiceID=",
}


def deep_link(settings: XeroSettings, document_kind: str, document_id: str) -> str | None:  # noqa: ARG001 - the same for every organisation
    """Xero's own page of a document; None where it has none."""
    page = _PAGES.get(document_kind)
    return f"https://go.xero.com/{page}{document_id}" if page else None


def check(connection: Connection[XeroSettings]) -> list[Finding]:
    """Tell in plain words whether the credentials are good and what they may read."""
    with client(connection) as api:
        found = probe((_plural(endpoint), partial(_first_page, api, endpoint)) for endpoint in records.ENDPOINTS)
    return [
        replace(each, message=f"{each.message} {_REBUILT}") if each.subject == "Journals" and not each.ok else each
        for each in found
    ]


def _first_page(api: ApiClient, endpoint: Endpoint) -> int:
    params = {"page": "1", "pageSize": "1"} if endpoint.name in _PAGED else None
    return len(_fetch(api, endpoint, Request("GET", _plural(endpoint), params))[1])


def _plural(endpoint: Endpoint) -> str:
    return {"organisation": "Organisation"}.get(endpoint.name, records.wire_name(endpoint.name))


def _fetch(api: ApiClient, endpoint: Endpoint, request: Request) -> tuple[Reply, list[msgspec.Raw], dict[str, int] | None]:
    """One page; its rows stand under the plural name of what is asked for."""
    key = {"organisation": "Organisations"}.get(endpoint.name, records.wire_name(endpoint.name))

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


def _whole_list(api: ApiClient, endpoint: Endpoint, _state: State) -> Pages:
    """Lists that Xero gives whole, archived and deleted rows too. A deleted bank transfer tells no moment of its change."""
    reply, rows, _ = _fetch(api, endpoint, Request("GET", _plural(endpoint), _EVERY_ROW.get(endpoint.name)))
    yield reply, rows


def _journals(api: ApiClient, endpoint: Endpoint, state: State) -> Pages:
    """Journals above the last number read, each once. Numbers have gaps, so the next offset is the largest seen, not a count."""

    def fetch(request: Request) -> Page[list[msgspec.Raw]]:
        reply, rows, _ = _fetch(api, endpoint, request)
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


def _changed(api: ApiClient, endpoint: Endpoint, state: State) -> Pages:
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
            f"{_plural(endpoint)} of '{api.name}' change faster than they can be read; they are read again at the next run."
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
    is_paged = endpoint.name in _PAGED
    params = {"pageSize": str(PAGE_SIZE)} if is_paged else {}
    if endpoint is not records.MANUAL_JOURNALS:  # asked for an order, Xero gives all manual journals as one page
        params["order"] = "UpdatedDateUTC ASC"
    params |= _EVERY_ROW.get(endpoint.name, {})

    def fetch(request: Request) -> Page[list[msgspec.Raw]]:
        reply, rows, pagination = _fetch(api, endpoint, request)
        number = int((request.params or {}).get("page", 1))
        more = is_paged and (number < pagination["pageCount"] if pagination else len(rows) >= PAGE_SIZE)
        return Page(rows, reply, page(number + 1) if more else None, len(rows), pagination["itemCount"] if pagination else None)

    def page(number: int) -> Request:
        return Request("GET", _plural(endpoint), {**params, "page": str(number)} if is_paged else params, headers)

    return walk(page(1), fetch)


def _budgets(api: ApiClient, endpoint: Endpoint, state: State) -> Pages:
    """The list has no lines: each budget that is new or changed is read on its own."""
    reply, listed, _ = _fetch(api, endpoint, Request("GET", "Budgets"))
    read: dict[str, str] = state.setdefault("read", {})
    for row in listed:
        budget = msgspec.json.decode(row, type=_Listed)
        if read.get(budget.id) == budget.at:
            continue
        reply, detail, _ = _fetch(api, endpoint, Request("GET", f"Budgets/{budget.id}"))
        yield reply, detail
        read[budget.id] = budget.at


class _Listed(msgspec.Struct):
    id: str = msgspec.field(name="BudgetID")
    at: str = msgspec.field(name="UpdatedDateUTC", default="")


_READERS: dict[str, Reader] = {
    "organisation": _whole_list,
    "accounts": _whole_list,
    "bank_transfers": _whole_list,
    "items": _whole_list,
    "tax_rates": _whole_list,
    "currencies": _whole_list,
    "tracking_categories": _whole_list,
    "journals": _journals,
    "budgets": _budgets,
}
_EVERY_ROW: Mapping[str, Mapping[str, str]] = {
    "tracking_categories": {"includeArchived": "true"},
    "contacts": {"includeArchived": "true"},
    "bank_transfers": {"includeDeleted": "true"},
}
_PAGED = frozenset(
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
