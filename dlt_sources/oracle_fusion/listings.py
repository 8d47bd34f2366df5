"""How the documents and small lists are read: by change where Fusion can search for it, else whole, each unchanged one left out.

Documents that are not yet what they will be (invoices never validated, transactions incomplete) are not read: they are no
liability and no claim, and Fusion deletes them without a trace.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import msgspec

from dlt_sources.assembly import State
from dlt_sources.http import BadRequest, NotFound, Reply
from dlt_sources.oracle_fusion import documents, records
from dlt_sources.oracle_fusion.rest import PAGE_SIZE, Rest, Tree, may_be_cut_off
from dlt_sources.records.archive import Archive
from dlt_sources.records.convert import read_instant
from dlt_sources.records.intake import Endpoint, Intake

OVERLAP = timedelta(days=1)  # what Oracle's own extracts go back: long jobs write rows with the moment at which they began
_OPEN_AT_ONCE = 150  # keys in one filter: the address must stay short enough
_FIRST_PAGE = 50  # of documents with children, whose size is not known yet
_ORDERS: Mapping[str, str] = {
    "invoiceLines": "LineNumber",
    "invoiceDistributions": "InvoiceDistributionId",
    "invoiceInstallments": "InstallmentNumber",
    "relatedInvoices": "InvoicePaymentId",
    "receivablesInvoiceLines": "CustomerTransactionLineId",
    "receivablesInvoiceDistributions": "DistributionId",
    "receivablesInvoiceInstallments": "InstallmentId",
    "receivablesCreditMemoLines": "CustomerTransactionLineId",
    "remittanceReferences": "RemittanceReferenceId",
    "addresses": "SupplierAddressId",
}


@dataclass(frozen=True)
class Listing:
    """One collection: its path, the attribute that orders it, its children, and what of it is left for later.

    ``changes``: it has a moment of change that may be searched by. ``pending`` names an attribute and its values of documents that
    are not yet final. ``balance`` names an amount that changes without a new moment of change: documents are read again until it is
    zero. ``by_unit``: the setting business_unit narrows it.
    """

    path: str
    key: str
    tree: Tree = field(default_factory=dict)
    changes: bool = True
    pending: tuple[str, frozenset[str]] | None = None
    balance: str = ""
    by_unit: bool = False


LISTINGS: Mapping[str, Listing] = {
    records.LEDGERS.name: Listing("ledgersLOV", "LedgerId", changes=False),
    records.CHARTS_OF_ACCOUNTS.name: Listing("chartOfAccountsLOV", "StructureInstanceNumber", changes=False),
    records.ACCOUNTING_PERIODS.name: Listing("accountingPeriodsLOV", "StartDate", changes=False),
    records.PERIOD_STATUSES.name: Listing("accountingPeriodStatusLOV", "EffectivePeriodNumber", changes=False),
    documents.INVOICES.name: Listing(
        "invoices",
        "InvoiceId",
        tree={"invoiceLines": {"invoiceDistributions": {}}, "invoiceInstallments": {}},
        pending=("ValidationStatus", frozenset({"Not validated", "Never validated"})),
        by_unit=True,
    ),
    documents.PAYMENTS.name: Listing("payablesPayments", "CheckId", tree={"relatedInvoices": {}}, by_unit=True),
    documents.RECEIVABLES_INVOICES.name: Listing(
        "receivablesInvoices",
        "CustomerTransactionId",
        tree={"receivablesInvoiceLines": {}, "receivablesInvoiceDistributions": {}, "receivablesInvoiceInstallments": {}},
        pending=("InvoiceStatus", frozenset({"Incomplete"})),
        balance="InvoiceBalanceAmount",
        by_unit=True,
    ),
    documents.CREDIT_MEMOS.name: Listing(
        "receivablesCreditMemos",
        "CustomerTransactionId",
        tree={"receivablesCreditMemoLines": {}},
        pending=("CreditMemoStatus", frozenset({"Incomplete"})),
        balance="TransactionBalanceDue",
        by_unit=True,
    ),
    documents.STANDARD_RECEIPTS.name: Listing(
        "standardReceipts", "StandardReceiptId", tree={"remittanceReferences": {}}, by_unit=True
    ),
    documents.SUPPLIERS.name: Listing("suppliers", "SupplierId", tree={"addresses": {}}),
}


class Cursor:
    """The moment up to which a listing is known, and what was seen within the overlap before it.

    The state holds ``changed_until``, ``known`` (fingerprints) and ``known_at`` (moments of change), both of the overlap only, and
    ``open``: documents that are read again for their balance, whose fingerprints stay.
    """

    def __init__(self, state: State) -> None:
        self._state = state
        self.known: dict[str, str] = state.setdefault("known", {})
        self.open: set[str] = set(state.get("open", ()))
        self.seen: set[str] = set()
        self._at: dict[str, datetime] = {key: datetime.fromisoformat(at) for key, at in state.get("known_at", {}).items()}
        self.until = datetime.fromisoformat(state["changed_until"]) if "changed_until" in state else None

    @property
    def since(self) -> datetime | None:
        """The moment to read from; None: everything."""
        return self.until - OVERLAP if self.until else None

    def condition(self) -> str:
        """The same as a filter; empty for everything."""
        return f"LastUpdateDate>'{self.since:%Y-%m-%dT%H:%M:%S}+00:00'" if self.since else ""

    def saw(self, key: str, moment: datetime | None) -> None:
        """A document was read."""
        if moment is not None:
            self._at[key] = moment
            self.until = max(self.until, moment) if self.until else moment

    def turn_page(self) -> None:
        """Forget what lies before the overlap."""
        if self.until is None:
            return
        floor = self.until - OVERLAP
        self._at = {key: moment for key, moment in self._at.items() if moment >= floor}
        for key in [key for key in self.known if key not in self._at and key not in self.open]:
            del self.known[key]

    def commit(self) -> None:
        """Write the state."""
        if self.until is not None:
            self._state["changed_until"] = self.until.isoformat()
            self._state["known_at"] = {key: moment.isoformat() for key, moment in self._at.items()}
        self._state["open"] = sorted(self.open)


class Glance(msgspec.Struct):
    """Some attributes of a row, unchecked: what is wrong with them is for the row's own declaration to say."""

    key: Any = None
    at: Any = None
    status: Any = None
    meaning: Any = None
    period: Any = None
    balance: Any = None

    def moment(self) -> datetime | None:
        """When the document changed last; None where it does not say, or not so that it can be read."""
        try:
            return read_instant(self.at) if isinstance(self.at, str) else None
        except ValueError:
            return None


def glance(row: msgspec.Raw, attributes: type[Glance]) -> Glance | None:
    """Look at a row; None where it is not even an object."""
    try:
        return msgspec.json.decode(row, type=attributes)
    except msgspec.DecodeError:
        return None


@cache
def glance_at(key: str, status: str = "Status", balance: str = "") -> type[Glance]:
    """Key, moment of change, status, period and balance of the rows of a resource."""
    names = {"key": key, "at": "LastUpdateDate", "status": status, "meaning": "StatusMeaning", "period": "DefaultPeriodName"}
    names |= {"balance": balance or "$none"}
    made: Any = msgspec.defstruct(
        "Glance", [(name, Any, None) for name in names], rename=names, namespace={"moment": Glance.moment}
    )
    seen: type[Glance] = made
    return seen


def read_listing(rest: Rest, endpoint: Endpoint, state: State, intake: Intake, archive: Archive, unit: str) -> Iterator[Any]:
    """What is new of a listing: since the last change that was seen, else all of it."""
    listing = LISTINGS[endpoint.name]
    narrowed = f"BusinessUnit='{_quoted(unit)}'" if unit and listing.by_unit else ""
    if not listing.changes:
        for reply, rows in rest.pages(listing.path, _params(listing, narrowed)):
            yield from intake.take(reply, rows)
        return
    cursor = Cursor(state)
    if searchable(rest, listing.path, state):
        yield from _walk(rest, endpoint, intake, archive, cursor, [cursor.condition(), narrowed])
        still_open = sorted(cursor.open - cursor.seen)
        for first in range(0, len(still_open), _OPEN_AT_ONCE):
            chosen = f"{listing.key} in ({', '.join(still_open[first : first + _OPEN_AT_ONCE])})"
            yield from _walk(rest, endpoint, intake, archive, cursor, [chosen])
        cursor.commit()
    else:  # all of it, every time; the fingerprints of all documents are kept
        yield from _walk(rest, endpoint, intake, archive, cursor, [narrowed], forget=False)


def searchable(rest: Rest, path: str, state: State) -> bool:
    """Whether a collection can be searched by its moment of change; asked at the first run, and again where it could not be."""
    if not state.get("searchable"):
        try:
            rest.first(path, {"q": "LastUpdateDate>'1970-01-01T00:00:00+00:00'", "limit": "1", "onlyData": "true"})
        except BadRequest:
            state["searchable"] = False
        else:
            state["searchable"] = True
    return bool(state["searchable"])


def _walk(
    rest: Rest, endpoint: Endpoint, intake: Intake, archive: Archive, cursor: Cursor, conditions: list[str], *, forget: bool = True
) -> Iterator[Any]:
    listing = LISTINGS[endpoint.name]
    attributes = glance_at(listing.key, listing.pending[0] if listing.pending else "Status", listing.balance)
    whole = bool(listing.tree)
    pages = rest.pages(listing.path, _params(listing, *conditions), limit=_FIRST_PAGE if whole else PAGE_SIZE, whole=whole)

    def keep(reply: Reply) -> None:
        archive.store(endpoint.name, reply, 0)

    for reply, rows in pages:
        ready = []
        for row in rows:
            seen = glance(row, attributes)
            if seen is None:  # the intake says what is wrong with it
                ready.append(row)
                continue
            if listing.pending and seen.status in listing.pending[1]:
                continue
            cursor.saw(str(seen.key), seen.moment())
            if listing.balance:
                cursor.seen.add(str(seen.key))
                (cursor.open.add if seen.balance else cursor.open.discard)(str(seen.key))
            ready.append(rest.complete(row, listing.tree, _ORDERS, keep) if may_be_cut_off(row, listing.tree) else row)
        yield from intake.take(reply, ready)
        if forget:
            cursor.turn_page()


def _params(listing: Listing, *conditions: str) -> dict[str, str]:
    params = {"orderBy": f"{listing.key}:asc"}
    if listing.tree:
        params["expand"] = ",".join(_paths(listing.tree))
    else:
        params["onlyData"] = "true"
    if query := " and ".join(condition for condition in conditions if condition):
        params["q"] = query
    return params


def _paths(tree: Tree, around: str = "") -> Iterator[str]:
    """Children as ``expand`` names them: the innermost, with those around them."""
    for name, inner in tree.items():
        path = f"{around}.{name}" if around else name
        yield from _paths(inner, path) if inner else (path,)


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def optional(rows: Iterator[Any]) -> Iterator[Any]:
    """What a release may not have: a refusal of its parameters counts as its absence."""
    try:
        yield from rows
    except BadRequest as refusal:
        raise NotFound(str(refusal)) from refusal
