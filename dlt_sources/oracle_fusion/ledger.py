"""How the ledger is read: posted batches with their journals and lines, accounts, balances, rates.

Batches come in pages with their journals and lines inside. A journal with more lines than its page shows is read by its own
address, page by page, so that memory does not grow with it. Unposted batches are not ledger: they are read once they are posted.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from dlt_sources.assembly import State
from dlt_sources.http import BadRequest, Reply, SourceError
from dlt_sources.oracle_fusion.listings import Cursor, Glance, glance, glance_at, searchable
from dlt_sources.oracle_fusion.records import Link
from dlt_sources.oracle_fusion.rest import Linked, Rest, cut_off
from dlt_sources.records.intake import Intake

S = TypeVar("S", bound=msgspec.Struct)
BATCHES = "journalBatches"
_HEADERS, _LINES = "journalHeaders", "journalLines"
_FIRST_PAGE = 50
_GENERAL_LEDGER = 101
_POSTED = frozenset({"P", "POSTED"})
_RATES_OVERLAP = timedelta(days=10)
_RATES_SPAN = timedelta(days=365)  # of one call
_NO_RATES_BEFORE = date(2018, 1, 1)
_RATES_AHEAD = timedelta(days=60)  # rates may be entered before their day
_NEVER_OPENED = frozenset({"N", "F"})
_CLOSED = frozenset({"C", "P"})
_ROLES: Mapping[str, tuple[str, ...]] = {
    "company": ("company", "entity", "legalentity", "balancingsegment", "balancing"),
    "account": ("account", "naturalaccount", "glaccount", "mainaccount"),
    "cost_center": ("costcenter", "costcentre", "department", "dept"),
    "product": ("product", "productline", "lineofbusiness", "lob"),
    "campaign": ("campaign", "program", "programme"),
    "intercompany": ("intercompany", "interco", "ic"),
}
_LOV = "accountCombinationsLOV"
_LOV_KNOWN = {
    "_CODE_COMBINATION_ID": "CodeCombinationId",
    "CodeCombinationId": "CodeCombinationId",
    "_CHART_OF_ACCOUNTS_ID": "ChartOfAccountsId",
    "ChartOfAccountsId": "ChartOfAccountsId",
    "AccountCombination": "AccountCombination",
    "ConcatenatedSegments": "AccountCombination",
}
_LOV_OTHER = frozenset(
    [
        "AccountType",
        "DetailBudgetingAllowedFlag",
        "JgzzReconFlag",
        "FinancialCategory",
        "DetailPostingAllowedFlag",
        "Reference3",
        "SummaryFlag",
        "StartDateActive",
        "EndDateActive",
        "EnabledFlag",
        "LastUpdateDate",
        "PreserveFlag",
        "RefreshFlag",
        "AlternateCodeCombinationId",
        "AllocationCreateFlag",
        "links",
    ]
)
_MOST_SEGMENTS = 12
_VALUE_FIELDS = (
    "ValueId,Value,TranslatedValue,Description,EnabledFlag,SummaryFlag,AccountType,StartDateActive,EndDateActive,"
    "CreationDate,LastUpdateDate"
)


_BATCH = glance_at("JeBatchId")


def _is_posted(batch: Glance) -> bool:
    return str(batch.status if batch.status is not None else batch.meaning).upper() in _POSTED


class _Header(msgspec.Struct, rename={"header_id": "JeHeaderId", "ledger": "LedgerName"}):
    header_id: int | None = None
    ledger: str | None = None
    links: list[Link] = []


class _Ledger(msgspec.Struct, rename={"id": "LedgerId", "name": "Name", "other_name": "LedgerName", "currency": "CurrencyCode"}):
    id: int
    name: str | None = None
    other_name: str | None = None
    currency: str | None = None


class _Status(
    msgspec.Struct,
    rename={
        "ledger": "LedgerId",
        "application": "ApplicationId",
        "id": "PeriodNameId",
        "name": "PeriodName",
        "closing": "ClosingStatus",
        "first": "StartDate",
    },
):
    ledger: int | None = None
    application: int | None = None
    id: str | None = None
    name: str | None = None
    closing: str | None = None
    first: str | None = None

    @property
    def period(self) -> str:
        return self.id or self.name or ""


@dataclass(frozen=True)
class Chart:
    """The segments of the chart of accounts, in order: (attribute, role), and what stands between them."""

    segments: tuple[tuple[str, str], ...] = ()
    delimiter: str = "-"
    value_sets: Mapping[str, str] = field(default_factory=dict)

    def of(self, item: Mapping[str, msgspec.Raw]) -> Chart:
        """The same chart, with segments guessed from an item of the list of combinations where the settings name none."""
        if self.segments:
            return self
        names = [name for name in item if name not in _LOV_KNOWN and name not in _LOV_OTHER][:_MOST_SEGMENTS]
        return Chart(tuple((name, _guess(name)) for name in names), self.delimiter, self.value_sets)

    @property
    def everything(self) -> str:
        """The pattern of all combinations."""
        return self.delimiter.join("%" for _ in self.segments)


def _readable(rows: Iterable[msgspec.Raw], kind: type[S]) -> Iterator[S]:
    """The rows that are of a kind; what is wrong with others, the declaration of their own table says."""
    for row in rows:
        try:
            yield msgspec.json.decode(row, type=kind)
        except msgspec.DecodeError:
            continue


def _guess(attribute: str) -> str:
    plain = "".join(letter for letter in attribute.lower() if letter.isalnum())
    return next((role for role, names in _ROLES.items() if plain in names), attribute)


@dataclass
class Told:
    """What the readers of one run have found out, each for all: dlt reads several collections in turns."""

    chart: Chart
    ledgers: list[tuple[int, str, str]] | None = None
    statuses: dict[int, list[_Status]] | None = None


@dataclass
class Books:
    """The ledgers asked for, as one reader sees them."""

    rest: Rest
    ledger: str
    told: Told

    def chart(self) -> Chart:
        """The chart of accounts; where the settings do not tell its segments, as an item of the list of combinations shows it."""
        if not self.told.chart.segments:
            _, rows = self.rest.first(_LOV, {"limit": "1", "onlyData": "true"})
            self.told.chart = (
                self.told.chart.of(msgspec.json.decode(rows[0], type=dict[str, msgspec.Raw])) if rows else self.told.chart
            )
        return self.told.chart

    def ledgers(self) -> list[tuple[int, str, str]]:
        """Id, name and currency of the ledgers asked for."""
        if self.told.ledgers is None:
            rows = [
                row for _, page in self.rest.pages("ledgersLOV", {"onlyData": "true", "orderBy": "LedgerId:asc"}) for row in page
            ]
            named = [(each.id, each.name or each.other_name or "", each.currency or "") for each in _readable(rows, _Ledger)]
            self.told.ledgers = [each for each in named if self.ledger in {"", each[1]}]
        return self.told.ledgers

    def statuses(self) -> dict[int, list[_Status]]:
        """The periods of the general ledger, oldest first, by ledger; those never opened are left out."""
        if self.told.statuses is None:
            params = {"onlyData": "true", "orderBy": "EffectivePeriodNumber:asc"}
            rows = [row for _, page in self.rest.pages("accountingPeriodStatusLOV", params) for row in page]
            found: dict[int, list[_Status]] = {}
            for status in _readable(rows, _Status):
                if (
                    status.application in {None, _GENERAL_LEDGER}
                    and status.closing not in _NEVER_OPENED
                    and status.ledger is not None
                ):
                    found.setdefault(status.ledger, []).append(status)
            self.told.statuses = {ledger: sorted(statuses, key=lambda each: each.first or "") for ledger, statuses in found.items()}
        return self.told.statuses

    def first_day(self, ledger: int) -> date:
        """The first day of a ledger's first period."""
        told = next((status.first for status in self.statuses().get(ledger, []) if status.first), None)
        return date.fromisoformat(told[:10]) if told else _NO_RATES_BEFORE


def journals(books: Books, state: State, intake: Intake, parts: Intake) -> Iterator[Any]:
    """Batches that were posted or changed since the last run, less an overlap; ``parts`` takes what does not fit their pages.

    Where Fusion cannot search them by change, the periods are read that are open, or were at the last run.
    """
    if books.ledger and not books.ledgers():
        raise SourceError(
            f"Connection '{books.rest.api.name}': the credentials may see no ledger named {books.ledger}; correct ledger."
        )
    cursor = Cursor(state)
    reading = _Journals(books, cursor, intake, parts)
    if searchable(books.rest, BATCHES, state):
        yield from reading.walk(cursor.condition())
        cursor.commit()
        return
    open_now = sorted({status.period for found in books.statuses().values() for status in found if status.closing not in _CLOSED})
    before = state.get("open_periods")
    conditions = [""] if before is None else [f"DefaultPeriodName='{period}'" for period in sorted({*open_now, *before})]
    for condition in conditions:
        yield from reading.walk(condition, forget=False)
    for key in [key for key in cursor.known if reading.periods.get(key) not in open_now]:
        del cursor.known[key]
    state["open_periods"] = open_now


@dataclass
class _Journals:
    books: Books
    cursor: Cursor
    intake: Intake
    parts: Intake
    seen: set[str] = field(default_factory=set)
    periods: dict[str, str | None] = field(default_factory=dict)
    """Of batches, where all are remembered."""

    def walk(self, condition: str, *, forget: bool = True) -> Iterator[Any]:
        """Take in the posted batches that a condition finds, each once."""
        params = {"orderBy": "JeBatchId:asc", "expand": f"{_HEADERS}.{_LINES}", **({"q": condition} if condition else {})}
        known = self.cursor.known
        for reply, rows in self.books.rest.pages(BATCHES, params, limit=_FIRST_PAGE, whole=True):
            odd, batches, before = [], [], {}
            for row in rows:
                batch = glance(row, _BATCH)
                if batch is None:  # the intake says what is wrong with it
                    odd.append(row)
                    continue
                key = str(batch.key)
                if not _is_posted(batch) or key in self.seen:
                    continue
                self.seen.add(key)
                self.cursor.saw(key, batch.moment())
                before[key] = known.get(key)
                batches.append((batch, row, *_opened(row)))
            yield from self.intake.take(reply, [*(whole for _, _, whole, _ in batches), *odd])
            for batch, row, _, cut in batches:
                if known.get(str(batch.key)) != before[str(batch.key)]:
                    yield from self._rest_of(batch.key, row, cut)
            if forget:
                self.cursor.turn_page()
            else:
                self.periods |= {str(batch.key): batch.period for batch, _, _, _ in batches}

    def _rest_of(self, batch: int | str, row: msgspec.Raw, cut: list[msgspec.Raw] | None) -> Iterator[Any]:
        """What the page did not show of a batch: all of its journals (None), or the lines of some."""
        if cut is None:
            href = Linked.child(msgspec.json.decode(row, type=Linked), _HEADERS) or f"{BATCHES}/{batch}/child/{_HEADERS}"
            for reply, headers in self.books.rest.pages(href, {"expand": _LINES}, totals=False, limit=_FIRST_PAGE, whole=True):
                opened = [_taken_apart(header, _LINES) for header in headers]
                document = _part(batch, [whole for whole, _ in opened])
                yield from self.parts.take(reply, [document])
                for header, (_, incomplete) in zip(headers, opened, strict=True):
                    if incomplete is None:
                        yield from self._lines(batch, header)
            return
        for header in cut:
            yield from self._lines(batch, header)

    def _lines(self, batch: int | str, header: msgspec.Raw) -> Iterator[Any]:
        """The lines of one journal, page by page."""
        told = msgspec.json.decode(header, type=_Header)
        if self.books.ledger and told.ledger not in {None, self.books.ledger}:
            return
        href = Linked(told.links).child(_LINES)
        own = next((link.href for link in told.links if link.rel == "self"), None)
        if href is None and own is not None:
            href = f"{own}/child/{_LINES}"
        if href is None:
            raise BadRequest(
                f"Connection '{self.books.rest.api.name}': a journal of batch {batch} tells no address; links are needed."
            )
        for reply, lines in self.books.rest.pages(href, {"orderBy": "JeLineNumber:asc"}, totals=False):
            stub = {"JeHeaderId": told.header_id, "LedgerName": told.ledger, "links": told.links, "$part": "lines", _LINES: lines}
            yield from self.parts.take(reply, [_part(batch, [msgspec.Raw(msgspec.json.encode(stub))])])


def _opened(batch: msgspec.Raw) -> tuple[msgspec.Raw, list[msgspec.Raw] | None]:
    """A batch taken apart; one that is not what it should be comes back as it is."""
    try:
        return _taken_apart(batch, _HEADERS, _LINES)
    except msgspec.DecodeError:
        return batch, []


def _part(batch: int | str, headers: list[msgspec.Raw]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode({"JeBatchId": batch, "$part": "headers", _HEADERS: headers}))


def _taken_apart(document: msgspec.Raw, name: str, inner: str = "") -> tuple[msgspec.Raw, list[msgspec.Raw] | None]:
    """A document without the children that its page cuts off, and the children whose own are cut off; None: its own are.

    What is cut off is read whole, in the order of its key: nothing says in which order an expanded page is.
    """
    fields = msgspec.json.decode(document, type=dict[str, msgspec.Raw])
    rows, cut = cut_off(fields.get(name))
    if cut:
        fields[name] = msgspec.Raw(b"[]")
        return msgspec.Raw(msgspec.json.encode(fields)), None
    opened = [_taken_apart(row, inner) for row in rows] if inner else []
    incomplete = [row for row, (_, missing) in zip(rows, opened, strict=False) if missing is None]
    if not incomplete:
        return document, []
    fields[name] = msgspec.Raw(b"[" + b",".join(whole for whole, _ in opened) + b"]")
    return msgspec.Raw(msgspec.json.encode(fields)), incomplete


def chart_segments(books: Books, intake: Intake) -> Iterator[Any]:
    """What each place of a combination means, beside an item that shows the chart's own names."""
    reply, rows = books.rest.first(_LOV, {"limit": "1", "onlyData": "true"})
    if rows:
        chart = books.told.chart.of(msgspec.json.decode(rows[0], type=dict[str, msgspec.Raw]))
        yield from intake.take(reply, segment_rows(chart))


def segment_rows(chart: Chart) -> list[msgspec.Raw]:
    """The chart as documents."""
    return [
        msgspec.Raw(
            msgspec.json.encode(
                {
                    "Position": position,
                    "Attribute": attribute,
                    "Role": role,
                    "ValueSetCode": chart.value_sets.get(role),
                    "Delimiter": chart.delimiter,
                }
            )
        )
        for position, (attribute, role) in enumerate(chart.segments, 1)
    ]


def account_combinations(books: Books, intake: Intake) -> Iterator[Any]:
    """All combinations, their segments put in the chart's order."""
    for reply, rows in books.rest.pages(_LOV, {"onlyData": "true", "orderBy": "_CODE_COMBINATION_ID:asc"}):
        yield from intake.take(reply, [_in_order(row, books.chart()) for row in rows])


def _in_order(row: msgspec.Raw, chart: Chart) -> msgspec.Raw:
    item = msgspec.json.decode(row, type=dict[str, msgspec.Raw])
    ordered: dict[str, object] = {
        _LOV_KNOWN.get(name, name): value for name, value in item.items() if name in _LOV_KNOWN or name in _LOV_OTHER
    }
    values = []
    for position, (attribute, _) in enumerate(chart.segments, 1):
        value = msgspec.json.decode(item[attribute]) if attribute in item else None
        values.append("" if value is None else str(value))
        ordered[f"Segment{position}"] = value if value is None else str(value)
    if all(values) and "AccountCombination" not in ordered:
        ordered["AccountCombination"] = chart.delimiter.join(values)
    return msgspec.Raw(msgspec.json.encode(ordered))


class _ValueSet(msgspec.Struct, rename={"id": "ValueSetId", "code": "ValueSetCode"}):
    id: int
    code: str
    links: list[Link] = []


def segment_values(books: Books, intake: Intake) -> Iterator[Any]:
    """The values of the value sets that the settings name."""
    for code in books.told.chart.value_sets.values():
        _, found = books.rest.first("valueSets", {"q": f"ValueSetCode='{code}'", "limit": "1"})
        if not found:
            raise BadRequest(f"Connection '{books.rest.api.name}': there is no value set {code}; correct value_sets.")
        values = msgspec.json.decode(found[0], type=_ValueSet)
        href = Linked(values.links).child("values") or f"valueSets/{values.id}/child/values"
        for reply, rows in books.rest.pages(
            href, {"onlyData": "true", "orderBy": "ValueId:asc", "fields": _VALUE_FIELDS}, totals=False
        ):
            yield from intake.take(reply, [_of_set(row, values.code) for row in rows])


def _of_set(row: msgspec.Raw, code: str) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode({**msgspec.json.decode(row, type=dict[str, msgspec.Raw]), "ValueSetCode": code}))


def ledger_balances(books: Books, state: State, intake: Intake) -> Iterator[Any]:
    """Balances of all combinations by ledger and period.

    A period is read while it is open, once more when it is closed, and again after a posting to it or to one before it.
    Fingerprints are kept of such periods only.
    """
    pattern = books.chart().everything
    if not pattern:
        return
    known: dict[str, str] = state.setdefault("known", {})
    read: dict[str, str] = state.setdefault("read", {})
    posted = _posted_lately(books.rest, state)
    for ledger_id, name, currency in books.ledgers():
        stale = False
        for status in books.statuses().get(ledger_id, []):
            stale = stale or status.period in posted
            label = f"{name}|{status.period}"
            settled = status.closing in _CLOSED and not stale
            if not (settled and read.get(label) == status.closing):
                finder = _finder(
                    "AccountBalanceFinder",
                    accountCombination=pattern,
                    accountingPeriod=status.period,
                    currency=currency,
                    ledgerName=name,
                    mode="Detail",
                )
                for reply, rows in books.rest.pages("ledgerBalances", {"onlyData": "true", "finder": finder}):
                    yield from intake.take(reply, rows)
                read[label] = status.closing or ""
            if settled:
                for key in [key for key in known if key.startswith(f"{label}|")]:
                    del known[key]


def _finder(name: str, **variables: object) -> str:
    return f"{name};{','.join(f'{variable}={value}' for variable, value in variables.items())}"


def _posted_lately(rest: Rest, state: State) -> set[str]:
    """Periods of the batches that changed since the last run, less an overlap: found out anew, as a control should."""
    cursor = Cursor(state)
    params = {"onlyData": "true", "fields": "JeBatchId,DefaultPeriodName,LastUpdateDate"}
    if cursor.since is None or not searchable(rest, BATCHES, state):
        params |= {"orderBy": "LastUpdateDate:desc", "limit": "1"}
        rows = rest.first(BATCHES, params)[1]
    else:
        params |= {"orderBy": "JeBatchId:asc", "q": cursor.condition()}
        rows = [row for _, page in rest.pages(BATCHES, params) for row in page]
    found = [batch for row in rows if (batch := glance(row, _BATCH)) is not None]
    moments = [moment for batch in found if (moment := batch.moment())]
    if moments:
        state["changed_until"] = max([*moments, *([cursor.until] if cursor.until else [])]).isoformat()
    return {str(batch.period) for batch in found} if cursor.since else set()


def currency_rates(
    books: Books, state: State, intake: Intake, currencies: list[str], rate_type: str, first_day: date | None
) -> Iterator[Any]:
    """Daily rates of the currencies to those of the ledgers, from the last known day less an overlap.

    The first read begins with ``first_day``, else with the ledger's first period.
    """
    known: dict[str, str] = state.setdefault("known", {})
    last: dict[str, str] = state.setdefault("last_day", {})
    last_day = datetime.now(UTC).date() + _RATES_AHEAD
    for ledger, _, target in books.ledgers():
        for currency in currencies:
            pair = f"{currency}|{target}"
            if currency == target or not target:
                continue
            start = date.fromisoformat(last[pair]) - _RATES_OVERLAP if pair in last else first_day or books.first_day(ledger)
            newest = last.get(pair, "")
            for reply, rows in _rates(books.rest, currency, target, rate_type, start, last_day):
                yield from intake.take(reply, rows)
                newest = max([newest, *(dated.day[:10] for dated in _readable(rows, _Dated))])
            if newest:
                last[pair] = newest
    floors = {pair: (date.fromisoformat(day) - _RATES_OVERLAP).isoformat() for pair, day in last.items()}
    for key in list(known):
        source, target, day, *_ = key.split("|")
        if day[:10] < floors.get(f"{source}|{target}", ""):
            del known[key]


class _Dated(msgspec.Struct, rename={"day": "ConversionDate"}):
    day: str = ""


def _rates(
    rest: Rest, source: str, target: str, rate_type: str, start: date, end: date
) -> Iterator[tuple[Reply, list[msgspec.Raw]]]:
    while start <= end:
        until = min(end, start + _RATES_SPAN)
        finder = _finder(
            "CurrencyRatesFinder",
            fromCurrency=source,
            toCurrency=target,
            userConversionType=rate_type,
            startDate=start,
            endDate=until,
        )
        yield from rest.pages("currencyRates", {"onlyData": "true", "finder": finder})
        start = until + timedelta(days=1)
