"""How the listings are read: whole, as changes since the last run, re-scanned, or by slices of a plan.

Each feed yields pages with the documents that may be new; what is already loaded as it is, the intake leaves out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from dlt_sources.assembly import State
from dlt_sources.http import BadRequest, NotFound, PermissionMissing, Reply
from dlt_sources.records import convert
from dlt_sources.records.intake import fingerprint
from dlt_sources.sap import odata
from dlt_sources.sap.documents import PlanEntry
from dlt_sources.sap.odata import Reader, Rows, all_of, any_of, text
from dlt_sources.sap.wire import Listing, selected

log = logging.getLogger(__name__)

Pages = Iterator[tuple[Reply, list[msgspec.Raw]]]

ROWS, DOCUMENTS = 5000, 500
"""Asked for at once: rows of plain sets, documents with their parts. The vendor publishes no most; servers give fewer as they like."""
OVERLAP = timedelta(hours=1)  # a posting's moment is that of its start; a long run becomes visible when it is through
DAYS_OVERLAP = timedelta(days=2)  # changes of open items are known by the day
RESCAN = timedelta(days=92)  # supplier invoices do not tell when they change
_UNSETTLED = frozenset("ABCDE")  # a supplier invoice that is parked or held, and so may still change
_KEYS_AT_ONCE = 20
_EPOCH, _NEVER = datetime(1970, 1, 1), datetime(9999, 12, 31)  # noqa: DTZ001 - moments are naive UTC, as in the tables


@dataclass(frozen=True)
class Scope:
    """What of the system a connection reads: company codes (none named: all), and one ledger."""

    company_codes: tuple[str, ...]
    ledger: str

    @property
    def companies(self) -> str:
        """The condition on the company code; empty where all are read."""
        return any_of("CompanyCode", self.company_codes) if self.company_codes else ""

    @property
    def each_company(self) -> list[str]:
        """The conditions that part what is read by company code."""
        return [any_of("CompanyCode", [code]) for code in self.company_codes] or [""]


def whole(reader: Reader, listing: Listing, scope: Scope, _state: State) -> Pages:
    """Every row of a set."""
    where = scope.companies if "CompanyCode" in selected(listing.endpoint.document) else ""
    for page in _rows(reader, listing, where):
        yield page.reply, page.content


def first_page(reader: Reader, listing: Listing) -> int:
    """Rows on the first page of a listing, at the first of its addresses that the system has."""
    for path in listing.paths[:-1]:
        try:
            return reader.first(path)
        except (PermissionMissing, NotFound):
            continue
    return reader.first(listing.paths[-1])


def grouped(reader: Reader, listing: Listing, _scope: Scope, _state: State) -> Pages:
    """Every row of a small set, those of one object together as one document: a validity that was taken away disappears."""
    groups: dict[str, list[msgspec.Raw]] = {}
    reply: Reply | None = None
    for page in _rows(reader, listing, ""):
        if reply is not None:
            yield reply, []
        reply = page.reply
        for row in page.content:
            found = msgspec.json.decode(row, type=dict[str, Any])
            groups.setdefault("|".join(str(found.get(name)) for name in listing.group), []).append(row)
    if reply is not None:
        yield reply, [document({"Rows": rows}) for rows in groups.values()]


def document(fields: dict[str, Any]) -> msgspec.Raw:
    """A document that the vendor sends in several rows."""
    return msgspec.Raw(msgspec.json.encode(fields))


def _rows(reader: Reader, listing: Listing, where: str) -> Iterator[Rows]:
    """The rows at the first of a listing's addresses that the system has; the first refusal counts if it has none."""
    refusals: list[PermissionMissing | NotFound] = []
    for path in listing.paths:
        pages = _documents(reader, listing, where, path)
        try:
            first = next(pages)
        except (PermissionMissing, NotFound) as refusal:
            refusals.append(refusal)
            continue
        yield first
        yield from pages
        return
    raise refusals[0]


def _documents(reader: Reader, listing: Listing, where: str, path: str = "") -> Iterator[Rows]:
    """The documents that meet a condition, each with its parts; a gateway that refuses to expand is asked for the parts apart."""
    # A path that leads further expands the steps before it too.
    expand = [one for one in listing.expand if not any(other.startswith(f"{one}/") for other in listing.expand)]
    source, size = path or listing.paths[0], DOCUMENTS if expand else ROWS
    pages = reader.pages(source, size=size, order=listing.order, where=where, expand=expand)
    try:
        first = next(pages)
    except (BadRequest, NotFound):
        if not expand:
            raise
        pages = reader.pages(source, size=size, order=listing.order, where=where)
        first = next(pages)
    for page in chain([first], pages):
        if expand:
            page.content[:] = [_completed(reader, source, expand, row) for row in page.content]
        yield page


def _completed(reader: Reader, path: str, expand: Sequence[str], row: msgspec.Raw) -> msgspec.Raw:
    """A document with the parts that were to be expanded, and to which the gateway gave a link instead, or nothing at all."""
    steps = dict.fromkeys(one.partition("/")[0] for one in expand)
    whole_row = bytes(row)
    if b'"__deferred"' not in whole_row and all(f'"{step}"'.encode() in whole_row for step in steps):
        return row
    fields = msgspec.json.decode(row, type=dict[str, msgspec.Raw])
    changed = False
    for step in steps:
        deeper = [one.partition("/")[2] for one in expand if one.startswith(f"{step}/")]
        parts = _parts(reader, path, step, fields, nested=bool(deeper))
        if parts is not None:
            inner = [_completed(reader, f"{path}/{step}", deeper, part) for part in parts] if deeper else parts
            fields[step] = document({"results": inner})
            changed = True
    return document(fields) if changed else row


def _parts(reader: Reader, path: str, step: str, fields: dict[str, msgspec.Raw], *, nested: bool) -> list[msgspec.Raw] | None:
    """The parts of a document that must still be fetched or looked into; None where they are there already."""
    if step in fields:
        found = msgspec.json.decode(fields[step], type=_Link | None)
        if found is None:
            return None
        if found.deferred is None:
            return found.results if nested else None
        link = found.deferred.uri
    else:
        itself = msgspec.json.decode(fields.get("__metadata", msgspec.Raw(b"null")), type=_Address | None)
        if itself is None or step in reader.lacking.setdefault(path, set()):
            return None
        link = f"{itself.uri}/{step}"
    try:
        return [part for page in reader.follow(link) for part in page.content]
    except (BadRequest, NotFound):
        if step in fields:
            raise
        reader.lacking[path].add(step)
        log.warning("%s: %s has no %s; the table stays empty", reader.api.name, path, step)
        return None


class _Address(msgspec.Struct):
    uri: str = ""


class _Link(msgspec.Struct):
    deferred: _Address | None = msgspec.field(name="__deferred", default=None)
    results: list[msgspec.Raw] = []


@dataclass(frozen=True)
class Signs:
    """How a listing tells what changed.

    ``parts``: the conditions by which it is read the first time. ``since``: what has changed since a moment. ``moments``: when rows
    changed, as a column of timestamps.
    """

    overlap: timedelta
    parts: Callable[[], Iterable[str]]
    since: Callable[[datetime], str]
    moments: Callable[[Sequence[Any]], pa.Array]


class Changes:
    """By parts the first time, then what changed since the last run less an overlap.

    ``state`` keeps the newest change (``changed_until``), never later than the start of the extraction: what changes behind the
    reader's back is read by the next run. It keeps the fingerprints of the rows that the next run will see again (``known``,
    ``known_at``). A row is taken once in an extraction; if it changes meanwhile its newer version comes with the next run.
    """

    def __init__(self, reader: Reader, listing: Listing, signs: Signs, state: State) -> None:
        self._reader = reader
        self._listing = listing
        self._signs = signs
        self._state = state
        self._known: dict[str, str] = state.setdefault("known", {})
        self._known_at = {key: datetime.fromisoformat(at) for key, at in state.get("known_at", {}).items()}
        self._newest = datetime.fromisoformat(state["changed_until"]) if "changed_until" in state else None
        self._began = _NEVER
        self._taken: set[str] = set()
        self.known = None if self._newest is None else self._known
        """Fingerprints for the intake. None the first time, when a table may be too large to remember: only the last rows are."""

    def pages(self) -> Pages:
        """Every page; the state is complete when they have been taken."""
        cursor, overlap = self._newest, self._signs.overlap
        for condition in [self._signs.since(cursor - overlap)] if cursor else self._signs.parts():
            self._taken.clear()
            for page in self._rows(condition):
                self._began = min(self._began, page.reply.received_at.astimezone(UTC).replace(tzinfo=None))
                yield page.reply, page.content
        if self._newest is not None:
            self._forget()
            self._state["changed_until"] = self._newest.isoformat()
            self._state["known_at"] = {key: at.isoformat() for key, at in self._known_at.items()}
            self._state["known"] = {key: value for key, value in self._known.items() if key in self._known_at}

    def choose(self, records: Sequence[Any], raw: Sequence[msgspec.Raw]) -> Sequence[int]:
        """Positions of the rows that were not taken yet. A row posted meanwhile moves others to a later page, where they come again."""
        names = [self._listing.endpoint.identity(record) for record in records]
        moments = self._signs.moments(records)
        latest = pc.max(moments).as_py()
        if latest is not None:
            self._newest = min(self._began, max(latest, self._newest or latest))
            floor = pa.scalar(self._newest - self._signs.overlap, moments.type)
            for position in pc.indices_nonzero(pc.fill_null(pc.greater_equal(moments, floor), fill_value=False)).to_pylist():
                self._known_at[names[position]] = moments[position].as_py()
                if self.known is None:
                    self._known.setdefault(names[position], fingerprint(raw[position]))
            if len(self._known_at) > 4 * ROWS:
                self._forget()
        if self._taken.isdisjoint(names) and len(set(names)) == len(names):
            self._taken.update(names)
            return range(len(names))
        fresh: dict[str, int] = {}
        for position, name in enumerate(names):
            if name not in self._taken:
                fresh.setdefault(name, position)
        self._taken.update(fresh)
        return list(fresh.values())

    def _forget(self) -> None:
        """Drop what the next run will not see again."""
        floor = (self._newest or _EPOCH) - self._signs.overlap
        self._known_at = {key: at for key, at in self._known_at.items() if at >= floor}
        if self.known is None:
            self._known = {key: value for key, value in self._known.items() if key in self._known_at}

    def _rows(self, condition: str) -> Iterator[Rows]:
        if self._listing.expand:
            return _documents(self._reader, self._listing, condition)
        select = selected(self._listing.endpoint.document)
        return self._reader.pages(self._listing.paths[0], size=ROWS, order=self._listing.order, where=condition, select=select)


def _moments(column: Sequence[str | None]) -> pa.Array:
    return convert.instant(column).array


def _days(column: Sequence[str | None]) -> pa.Array:
    return pc.cast(convert.day(column).array, pa.timestamp("us"))


def ledger_signs(reader: Reader, listing: Listing, scope: Scope) -> Signs:
    """Lines of the ledger: by company code and period, then by the moment of change."""
    ledger = f"Ledger eq {text(scope.ledger)}"

    def parts() -> Iterator[str]:
        """The periods with postings, asked of the aggregate itself. Period 000 is what was carried forward, no posting."""
        wanted = ("CompanyCode", "FiscalYearPeriod")
        found: set[tuple[str, str]] = set()
        for page in reader.pages(
            listing.paths[0], size=ROWS, order=wanted, where=all_of(ledger, scope.companies), select=wanted, counted=False
        ):
            for row in page.content:
                part = msgspec.json.decode(row, type=_Part)
                found.add((part.period, part.company_code))
        for period, company in sorted(found):
            if not period.endswith("000"):
                yield all_of(ledger, f"CompanyCode eq {text(company)}", f"FiscalYearPeriod eq {text(period)}")

    def since(changed: datetime) -> str:
        return all_of(ledger, scope.companies, "FiscalPeriod ge '001'", f"LastChangeDateTime ge {odata.moment(changed)}")

    return Signs(OVERLAP, parts, since, lambda lines: _moments([line.last_change_date_time for line in lines]))


class _Part(msgspec.Struct):
    company_code: str = msgspec.field(name="CompanyCode", default="")
    period: str = msgspec.field(name="FiscalYearPeriod", default="")
    year: str = msgspec.field(name="FiscalYear", default="")


def item_signs(reader: Reader, listing: Listing, scope: Scope) -> Signs:
    """Items of customers and suppliers: by company code, year and period, then by the days on which something happened to them.

    The day of the last change is empty in a document that never changed, and clearing does not set it everywhere: the days of
    entry and of clearing count too.
    """
    kinds = any_of("FinancialAccountType", ("D", "K"))

    def parts() -> Iterator[str]:
        years = [reader.edge(listing.paths[0], "FiscalYear", all_of(kinds, scope.companies), last=last) for last in (False, True)]
        if not all(year and year.isdigit() for year in years):
            return
        for year in range(int(years[0] or 0), int(years[1] or 0) + 1):
            for company in scope.each_company:
                part = all_of(kinds, company, f"FiscalYear eq '{year:04}'")
                yield all_of(part, "FiscalPeriod le '001'")
                yield from (all_of(part, f"FiscalPeriod eq '{period:03}'") for period in range(2, 12))
                yield all_of(part, "FiscalPeriod ge '012'")  # with the special periods after it

    def since(changed: datetime) -> str:
        days = ("LastChangeDate", "AccountingDocumentCreationDate", "ClearingCreationDate")
        happened = " or ".join(f"{name} ge {odata.day(changed)}" for name in days)
        return all_of(kinds, scope.companies, f"({happened})")

    def moments(items: Sequence[Any]) -> pa.Array:
        columns = (
            [item.last_change_date for item in items],
            [item.accounting_document_creation_date for item in items],
            [item.clearing_creation_date for item in items],
        )
        return pc.max_element_wise(*(_days(column) for column in columns))

    return Signs(DAYS_OVERLAP, parts, since, moments)


def billing_signs(scope: Scope) -> Signs:
    """Billing documents: all, then by the moment of change, or the day of entry where none is told."""

    def since(changed: datetime) -> str:
        happened = f"(LastChangeDateTime ge {odata.moment(changed)} or CreationDate ge {odata.day(changed)})"
        return all_of(scope.companies, happened)

    def moments(found: Sequence[Any]) -> pa.Array:
        changed, entered = [one.last_change_date_time for one in found], [one.creation_date for one in found]
        return pc.max_element_wise(_moments(changed), _days(entered))

    return Signs(OVERLAP, lambda: [scope.companies], since, moments)


class Rescanned:
    """Documents that do not tell when they change: those entered or posted lately, each run anew.

    Beyond that window two kinds can change: what was reversed, to which the reversal in the window points, and what is parked,
    which ``state`` keeps in mind (``parked``) beside the newest day of entry (``entered_until``) and the fingerprints of what the
    next run will read again (``known``).
    """

    def __init__(self, reader: Reader, listing: Listing, scope: Scope, state: State) -> None:
        self._reader = reader
        self._listing = listing
        self._scope = scope
        self._state = state
        self._newest = datetime.fromisoformat(state["entered_until"]) if "entered_until" in state else None
        self._began = _NEVER
        self._read: dict[str, datetime | None] = {}
        self._parked: set[str] = set()
        self._reversals: dict[str, str] = {}
        self.known: dict[str, str] = state.setdefault("known", {})

    def pages(self) -> Pages:
        """Every page; the state is complete when they have been taken."""
        if self._newest is None:
            yield from self._documents(self._scope.companies)
        else:
            first_day = odata.day(self._newest - RESCAN)
            recent = f"(CreationDate ge {first_day} or PostingDate ge {first_day})"
            yield from self._documents(all_of(self._scope.companies, recent))
            missing = sorted({*self._reversals.values(), *self._state.get("parked", [])} - self._read.keys())
            for at in range(0, len(missing), _KEYS_AT_ONCE):
                chosen = [key.split("|") for key in missing[at : at + _KEYS_AT_ONCE]]
                keys = [f"(SupplierInvoice eq {text(number)} and FiscalYear eq {text(year)})" for number, year in chosen]
                yield from self._documents(keys[0] if len(keys) == 1 else f"({' or '.join(keys)})")
        if self._newest is not None:
            floor = self._newest - RESCAN
            again = {key for key, on in self._read.items() if on is None or on >= floor}
            again |= self._parked | {self._reversals[key] for key in again & self._reversals.keys()}
            self._state["entered_until"] = self._newest.isoformat()
            self._state["parked"] = sorted(self._parked)
            self._state["known"] = {key: value for key, value in self.known.items() if key in again}

    def choose(self, invoices: Sequence[Any], _raw: Sequence[msgspec.Raw]) -> Sequence[int]:
        """All; what must be known of them is noted."""
        entered = _days([invoice.creation_date for invoice in invoices])
        days = pc.max_element_wise(entered, _days([invoice.posting_date for invoice in invoices]))
        for invoice, on in zip(invoices, days.to_pylist(), strict=True):
            key = self._listing.endpoint.identity(invoice)
            self._read[key] = on
            if invoice.supplier_invoice_status in _UNSETTLED:
                self._parked.add(key)
            if invoice.reverse_document and invoice.reverse_document_fiscal_year:
                self._reversals[key] = f"{invoice.reverse_document}|{invoice.reverse_document_fiscal_year}"
        latest = pc.max(entered).as_py()
        if latest is not None:
            self._newest = min(self._began, max(latest, self._newest or latest))
        return range(len(invoices))

    def _documents(self, where: str) -> Pages:
        for page in _documents(self._reader, self._listing, where):
            self._began = min(self._began, page.reply.received_at.astimezone(UTC).replace(tzinfo=None))
            yield page.reply, page.content


class _Slice(msgspec.Struct):
    category: str = msgspec.field(name="PlanningCategory", default="")
    company_code: str = msgspec.field(name="CompanyCode", default="")
    year: str = msgspec.field(name="LedgerFiscalYear", default="")
    period: str = msgspec.field(name="FiscalPeriod", default="")


def slices(reader: Reader, listing: Listing, scope: Scope, state: State) -> Pages:
    """Plans, by category, company code and year: each period is one document, replaced as a whole when anything in it changes.

    What is planned no more leaves a period without entries behind.
    """
    path, ledger = listing.paths[0], f"Ledger eq {text(scope.ledger)}"
    wanted = ("PlanningCategory", "CompanyCode", "LedgerFiscalYear")
    found: set[tuple[str, str, str]] = set()
    listed: Reply | None = None
    for page in reader.pages(path, size=ROWS, order=wanted, where=all_of(ledger, scope.companies), select=wanted, counted=False):
        found |= {(part.category, part.company_code, part.year) for part in _slices(page)}
        listed = page.reply
    entries = selected(PlanEntry)
    seen: set[str] = set()
    for category, company, year in sorted(found):
        conditions = [f"{name} eq {text(value)}" for name, value in zip(wanted, (category, company, year), strict=True)]
        periods: dict[str, list[msgspec.Raw]] = {}
        reply: Reply | None = None
        for page in reader.pages(
            path, size=ROWS, order=listing.order, where=all_of(ledger, *conditions), select=entries, counted=False
        ):
            if reply is not None:
                yield reply, []
            reply = page.reply
            for row, part in zip(page.content, _slices(page), strict=True):
                periods.setdefault(part.period, []).append(row)
        if reply is not None:
            yield reply, [_period((category, company, year, period), rows) for period, rows in periods.items()]
        seen |= {f"{category}|{company}|{year}|{period}" for period in periods}
    withdrawn = [key for key in state.get("known", {}) if key not in seen]
    if withdrawn and listed is not None:
        yield listed, [_period(key.split("|"), []) for key in withdrawn]


def _slices(page: Rows) -> list[_Slice]:
    return msgspec.json.decode(b"[" + b",".join(page.content) + b"]", type=list[_Slice])


def _period(key: Sequence[str], rows: list[msgspec.Raw]) -> msgspec.Raw:
    names = ("PlanningCategory", "CompanyCode", "LedgerFiscalYear", "FiscalPeriod")
    return document({**dict(zip(names, key, strict=True)), "Entries": len(rows), "Rows": rows})
