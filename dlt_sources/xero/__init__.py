"""Xero: books and budgets of one organisation, through the Accounting API 2.0.

Journals are read by their number, documents by ``If-Modified-Since`` with a small overlap, small lists whole. Voided, deleted and
archived rows come with their status. Xero gives Journals to apps of its Advanced tier only: without them the ledger is rebuilt from
documents, all of which must then be readable. Deliberately absent: reports (the hub computes them), payroll, files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec

from dlt_sources.assembly import State, assemble, probe
from dlt_sources.connection import Connection, Finding, Unavailable
from dlt_sources.http import (
    ApiClient,
    Application,
    NotFound,
    PermissionMissing,
    Policy,
    RateLimit,
    Request,
    SourceError,
)
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint, Intake
from dlt_sources.xero import records
from dlt_sources.xero.listings import PAGED, READERS, changed, fetch_page, plural

SCOPES = (
    "accounting.transactions.read accounting.journals.read accounting.settings.read "
    "accounting.contacts.read accounting.budgets.read"
)
_LONGEST_PAUSE = 90.0  # seconds; the minute limit asks for less, the day limit for hours
_ESSENTIAL = frozenset({"organisation", "accounts", "invoices"})
_INSTEAD_OF_JOURNALS = frozenset(
    {"credit_notes", "bank_transactions", "payments", "prepayments", "overpayments", "bank_transfers", "manual_journals"}
)


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
    calls_per_minute: int = 55


def client(connection: Connection[XeroSettings]) -> ApiClient:
    """A client of the Accounting API for one connection."""
    settings = connection.settings
    extra = {"Xero-Tenant-Id": settings.tenant_id} if settings.tenant_id else {}
    auth = application(settings).auth(connection.name, connection.tokens, scope=settings.scopes, extra=extra)
    policy = Policy(limits=(RateLimit(settings.calls_per_minute, 60.0),), max_delay=_LONGEST_PAUSE)
    return ApiClient(connection.name, settings.base_url, auth, policy, pacer=connection.pacer(policy.limits))


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
                for reply, documents in READERS.get(endpoint.name, changed)(api, endpoint, state):
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
        found = probe((plural(endpoint), partial(_first_page, api, endpoint)) for endpoint in records.ENDPOINTS)
    return [
        replace(each, message=f"{each.message} {_REBUILT}") if each.subject == "Journals" and not each.ok else each
        for each in found
    ]


def _first_page(api: ApiClient, endpoint: Endpoint) -> int:
    params = {"page": "1", "pageSize": "1"} if endpoint.name in PAGED else None
    return len(fetch_page(api, endpoint, Request("GET", plural(endpoint), params))[1])
