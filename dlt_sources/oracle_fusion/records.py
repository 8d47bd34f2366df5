"""What Oracle Fusion Cloud Financials sends, through its REST API or through BICC's extracts, as far as the hub uses it.

Both ways fill the same tables; a column that one of them does not know stays empty. Names that differ between releases or between
Oracle's own documents are declared side by side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, ClassVar, Generic, Literal, TypeVar

import msgspec

from dlt_sources.records import COUNT, TEXT, Day, Digits, Instant, Money, Record, Table, YesNo, names
from dlt_sources.records.declare import Row
from dlt_sources.records.intake import Endpoint

T = TypeVar("T")
_UPPER = {"id": "Id", "uom": "UOM"}


def wire_name(name: str) -> str:
    """``je_batch_id`` to ``JeBatchId``."""
    return "".join(_UPPER.get(part, part[:1].upper() + part[1:]) for part in name.split("_"))


class Children(msgspec.Struct, Generic[T], gc=False):
    """An expanded child from framework 3 on: one page of it."""

    items: list[T] = []


def within(children: Children[T] | list[T] | None) -> list[T]:
    """The items of an expanded child, in either form."""
    if children is None:
        return []
    return children if isinstance(children, list) else children.items


class Link(msgspec.Struct, gc=False):
    """The address of an item or of a child collection."""

    rel: str = ""
    href: str = ""
    name: str = ""


def unique_id(links: list[Link] | None) -> str | None:
    """The opaque key of an item, from its own address."""
    return next((link.href.rsplit("/", 1)[-1] for link in links or () if link.rel == "self"), None)


class FusionRecord(Record, rename=wire_name):
    """Base: nulls are explicit, attributes differ per release, so everything but the identity may be absent."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("links")


class Tracked(FusionRecord):
    """Who wrote a row, and when."""

    created_by: str | None = None
    creation_date: Instant | None = None
    last_updated_by: str | None = None
    last_update_date: Instant | None = None


class Ledger(Tracked, kw_only=True):
    """A ledger."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("links EnableBudgetaryControlFlag SlaLedgerCashBasisFlag LedgerAttributes")

    ledger_id: int
    name: str | None = None
    ledger_name: str | None = None
    description: str | None = None
    currency_code: str | None = None
    chart_of_accounts_id: int | None = None
    ledger_category_code: str | None = None
    ledger_type_code: str | None = None
    ledger_type: str | None = None
    period_set_name: str | None = None
    accounting_calendar: str | None = None
    accounted_period_type: str | None = None


class ChartOfAccounts(FusionRecord):
    """A chart of accounts."""

    structure_instance_id: int | None = None
    structure_instance_number: int | None = None
    structure_instance_code: str | None = None
    chart_of_accounts_id: int | None = None
    name: str | None = None
    description: str | None = None
    enabled_flag: YesNo | None = None


class ChartSegment(FusionRecord):
    """What a place in an account combination means: of the settings, else guessed from the attribute's name."""

    position: int
    attribute: str | None = None
    role: str | None = None
    value_set_code: str | None = None
    delimiter: str | None = None


class AccountCombination(FusionRecord):
    """An account combination. Its segments come under the chart's own names and are put in their order."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "links DetailBudgetingAllowedFlag JgzzReconFlag Reference3 PreserveFlag RefreshFlag AlternateCodeCombinationId "
        "AllocationCreateFlag"
    )

    code_combination_id: int
    chart_of_accounts_id: int | None = None
    account_combination: str | None = None
    account_type: str | None = None
    financial_category: str | None = None
    enabled_flag: YesNo | None = None
    summary_flag: YesNo | None = None
    detail_posting_allowed_flag: YesNo | None = None
    start_date_active: Day | None = None
    end_date_active: Day | None = None
    last_update_date: Instant | None = None
    segment1: str | None = None
    segment2: str | None = None
    segment3: str | None = None
    segment4: str | None = None
    segment5: str | None = None
    segment6: str | None = None
    segment7: str | None = None
    segment8: str | None = None
    segment9: str | None = None
    segment10: str | None = None
    segment11: str | None = None
    segment12: str | None = None


class SegmentValue(Tracked, kw_only=True):
    """A value of a segment, such as a natural account or a cost centre."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "links IndependentValue IndependentValueNumber IndependentValueDate IndependentValueTimestamp ValueNumber "
        "ValueDate ValueTimestamp SortOrder DetailPostingAllowed DetailBudgetingAllowed ControlAccount Reconcile "
        "FinancialCategory ExternalDataSource FlexValueAttribute1"
    )

    value: str
    value_set_code: str | None = None
    value_id: int | None = None
    translated_value: str | None = None
    description: str | None = None
    enabled_flag: YesNo | None = None
    summary_flag: YesNo | None = None
    account_type: str | None = None
    start_date_active: Day | None = None
    end_date_active: Day | None = None


class AccountingPeriod(FusionRecord):
    """A period of a calendar."""

    period_name_id: str | None = None
    period_name: str | None = None
    entered_period_name: str | None = None
    period_set_name_id: str | None = None
    period_set_name: str | None = None
    period_type: str | None = None
    period_year: int | None = None
    period_number: int | None = None
    start_date: Day | None = None
    end_date: Day | None = None
    adjustment_period_flag: YesNo | None = None


class PeriodStatus(FusionRecord):
    """Whether a period is open (O), closed (C, P) or not yet opened (N, F) for a ledger; application 101 is the general ledger."""

    ledger_id: int
    application_id: int
    period_name_id: str | None = None
    period_name: str | None = None
    closing_status: str | None = None
    effective_period_number: int | None = None
    period_year: int | None = None
    period_number: int | None = None
    start_date: Day | None = None
    end_date: Day | None = None
    adjustment_period_flag: YesNo | None = None


class JournalLine(Tracked, kw_only=True):
    """A line of a journal: entered in the journal's currency, accounted in the ledger's; debit or credit, the other is empty."""

    je_line_number: int
    account_combination: str | None = None
    code_combination_id: int | None = None
    entered_dr: Money | None = None
    entered_cr: Money | None = None
    accounted_dr: Money | None = None
    accounted_cr: Money | None = None
    currency_code: str | None = None
    user_currency_conversion_type: str | None = None
    currency_conversion_date: Day | None = None
    currency_conversion_rate: Digits | None = None
    description: str | None = None
    chart_of_accounts_name: str | None = None
    stat_amount: Money | None = None
    reconciliation_reference: str | None = None
    ledger_id: int | None = None
    period_name: str | None = None
    effective_date: Day | None = None
    status: str | None = None
    reference1: str | None = None
    reference2: str | None = None
    reference4: str | None = None
    reference5: str | None = None
    reference10: str | None = None


class _Totals(Tracked):
    """Control totals of a batch or journal."""

    running_total_dr: Money | None = None
    running_total_cr: Money | None = None
    running_total_accounted_dr: Money | None = None
    running_total_accounted_cr: Money | None = None
    control_total: Money | None = None


class JournalHeader(_Totals, kw_only=True):
    """A journal: one currency, one category, one day. The unit that balances."""

    links: list[Link] | None = msgspec.field(name="links", default=None)
    part: Literal["lines"] | None = msgspec.field(name="$part", default=None)
    je_header_id: int | None = None
    name: str | None = None
    journal_name: str | None = None
    journal_description: str | None = None
    ledger_id: int | None = None
    ledger_name: str | None = None
    ledger_currency_code: str | None = None
    currency_code: str | None = None
    period_name: str | None = None
    default_effective_date: Day | None = None
    posted_date: Instant | None = None
    user_je_category_name: str | None = None
    je_category: str | None = None
    je_source: str | None = None
    status: str | None = None
    actual_flag: str | None = None
    user_currency_conversion_type: str | None = None
    currency_conversion_date: Day | None = None
    currency_conversion_rate: Digits | None = None
    legal_entity_name: str | None = None
    external_reference: str | None = None
    accrual_reversal_status: str | None = None
    accrual_reversal_period_name: str | None = None
    accrual_reversal_effective_date: Day | None = None
    accrual_reversal_je_header_name: str | None = None
    reversed_je_header_id: int | None = None
    journal_lines: Children[JournalLine] | list[JournalLine] | None = msgspec.field(name="journalLines", default=None)


class JournalBatch(_Totals, kw_only=True):
    """A batch of journals that were posted together."""

    LEFT_OUT: ClassVar[frozenset[str]] = names(
        "links ErrorMessage PostingRunId RequestId ApproverEmployeeName ParentJeBatchName ApprovalStatusCode "
        "OriginatingBatchName ActionLog attachments journalBatchDFF ControlTotalVariance"
    )

    je_batch_id: int
    part: Literal["headers"] | None = msgspec.field(name="$part", default=None)
    batch_name: str | None = None
    batch_description: str | None = None
    default_period_name: str | None = None
    status: str | None = None
    status_meaning: str | None = None
    completion_status_meaning: str | None = None
    approval_status_meaning: str | None = None
    funds_status_meaning: str | None = None
    user_je_source_name: str | None = None
    je_source: str | None = None
    chart_of_accounts_name: str | None = None
    user_period_set_name: str | None = None
    accounted_period_type: str | None = None
    actual_flag_meaning: str | None = None
    actual_flag: str | None = None
    posted_date: Instant | None = None
    reversal_flag: YesNo | None = None
    reversal_date: Day | None = None
    reversal_period: str | None = None
    reversal_method_meaning: str | None = None
    journal_headers: Children[JournalHeader] | list[JournalHeader] | None = msgspec.field(name="journalHeaders", default=None)


class LedgerBalance(FusionRecord):
    """The balance of an account combination in a period: a control figure. Amounts come as numbers or as strings."""

    LEFT_OUT: ClassVar[frozenset[str]] = names("links ErrorDetail")

    ledger_name: str | None = None
    ledger_set_name: str | None = None
    currency: str | None = None
    current_accounting_period: str | None = None
    period_name: str | None = None
    account_combination: str | None = None
    detail_account_combination: str | None = None
    beginning_balance: Money | None = None
    period_activity: Money | None = None
    ending_balance: Money | None = None
    amount_type: str | None = None
    currency_type: str | None = None
    scenario: str | None = None
    account_group_name: str | None = None
    account_name: str | None = None
    current_period_balance: Money | None = None
    actual_balance: Money | None = None
    budget_balance: Money | None = None


class CurrencyRate(FusionRecord):
    """A daily rate: units of to_currency for one of from_currency."""

    from_currency: str
    to_currency: str
    conversion_date: Day
    conversion_type: str | None = None
    user_conversion_type: str | None = None
    conversion_rate: Digits | None = None
    last_update_date: Instant | None = None


def journal_key(header: JournalHeader) -> str | None:
    """What identifies a journal: its id, or, where the release does not tell it, the opaque key of its address."""
    return str(header.je_header_id) if header.je_header_id is not None else unique_id(header.links)


def _journals(batch: JournalBatch, ledger: str) -> list[JournalHeader]:
    return [header for header in within(batch.journal_headers) if not ledger or header.ledger_name in {None, ledger}]


def _batch_rows(ledger: str) -> Callable[[Any], Iterable[Row]]:
    return lambda d: [(d,)] if d.part is None and (not ledger or _journals(d, ledger) or not within(d.journal_headers)) else []


def _header_rows(ledger: str) -> Callable[[Any], Iterable[Row]]:
    return lambda d: [(header, journal_key(header), d.je_batch_id) for header in _journals(d, ledger) if header.part is None]


def _line_rows(ledger: str) -> Callable[[Any], Iterable[Row]]:
    def rows(batch: JournalBatch) -> list[Row]:
        found: list[Row] = []
        for header in _journals(batch, ledger):
            key, header_id = journal_key(header), header.je_header_id
            found += [(line, key, batch.je_batch_id, header_id) for line in within(header.journal_lines)]
        return found

    return rows


def _one(
    name: str, document: type[Record], key: tuple[str, ...], description: str, identity: Callable[[Any], str], **around: Any
) -> Endpoint:
    return Endpoint(name, document, (Table(name, document, key, description, **around),), identity)


def _chart_key(chart: ChartOfAccounts) -> str:
    found = (chart.structure_instance_number, chart.chart_of_accounts_id, chart.structure_instance_id, chart.name)
    return str(next((each for each in found if each is not None), ""))


def _calendar(period: AccountingPeriod) -> str:
    return period.period_set_name_id or period.period_set_name or ""


def _period(period: AccountingPeriod | PeriodStatus) -> str | None:
    return period.period_name_id or period.period_name or getattr(period, "entered_period_name", None)


def _balance_key(balance: LedgerBalance) -> tuple[str, str, str, str, str]:
    return (
        balance.ledger_name or balance.ledger_set_name or "",
        balance.period_name or balance.current_accounting_period or "",
        balance.currency or "",
        balance.detail_account_combination or balance.account_combination or "",
        f"{balance.currency_type or ''}/{balance.amount_type or ''}/{balance.scenario or ''}",
    )


def _rate_type(rate: CurrencyRate) -> str:
    return rate.user_conversion_type or rate.conversion_type or ""


LEDGERS = _one("ledgers", Ledger, ("ledger_id",), "Ledgers with their currency, chart and calendar.", lambda d: str(d.ledger_id))
CHARTS_OF_ACCOUNTS = _one(
    "charts_of_accounts",
    ChartOfAccounts,
    ("chart_key",),
    "Charts of accounts.",
    _chart_key,
    within={"chart_key": TEXT},
    rows=lambda d: [(d, _chart_key(d))],
)
CHART_SEGMENTS = _one(
    "chart_segments", ChartSegment, ("position",), "What each place in an account combination means.", lambda d: str(d.position)
)
ACCOUNT_COMBINATIONS = _one(
    "account_combinations",
    AccountCombination,
    ("code_combination_id",),
    "Account combinations with the type of their natural account (A, L, O, R, E).",
    lambda d: str(d.code_combination_id),
)
SEGMENT_VALUES = _one(
    "segment_values",
    SegmentValue,
    ("value_set_code", "value"),
    "Values of segments with their descriptions.",
    lambda d: f"{d.value_set_code}|{d.value}",
)
ACCOUNTING_PERIODS = _one(
    "accounting_periods",
    AccountingPeriod,
    ("calendar", "period"),
    "Periods of the calendars.",
    lambda d: f"{_calendar(d)}|{_period(d)}",
    within={"calendar": TEXT, "period": TEXT},
    rows=lambda d: [(d, _calendar(d), _period(d))],
)
PERIOD_STATUSES = _one(
    "period_statuses",
    PeriodStatus,
    ("ledger_id", "application_id", "period"),
    "Status of each period by ledger and application.",
    lambda d: f"{d.ledger_id}|{d.application_id}|{_period(d)}",
    within={"period": TEXT},
    rows=lambda d: [(d, _period(d))],
)
JOURNAL_BATCHES = Endpoint(
    "journal_batches",
    JournalBatch,
    (
        Table("journal_batches", JournalBatch, ("je_batch_id",), "Posted batches of journals.", rows=_batch_rows(""), once=True),
        Table(
            "journal_headers",
            JournalHeader,
            ("journal_key",),
            "Journals of posted batches.",
            within={"journal_key": TEXT, "je_batch_id": COUNT},
            rows=_header_rows(""),
            once=True,
        ),
        Table(
            "journal_lines",
            JournalLine,
            ("journal_key", "je_line_number"),
            "Lines of posted journals: the ledger. Debits and credits are positive, in columns of their own.",
            within={"journal_key": TEXT, "je_batch_id": COUNT, "je_header_id": COUNT},
            rows=_line_rows(""),
            once=True,
        ),
    ),
    lambda d: str(d.je_batch_id),
    lambda d: d.last_update_date or "",
)
LEDGER_BALANCES = _one(
    "ledger_balances",
    LedgerBalance,
    ("ledger", "period", "balance_currency", "combination", "balance_kind"),
    "Balances of account combinations by period, as the ledger itself tells them.",
    lambda d: "|".join(_balance_key(d)),
    within={"ledger": TEXT, "period": TEXT, "balance_currency": TEXT, "combination": TEXT, "balance_kind": TEXT},
    rows=lambda d: [(d, *_balance_key(d))],
)
CURRENCY_RATES = _one(
    "currency_rates",
    CurrencyRate,
    ("from_currency", "to_currency", "conversion_date", "rate_type"),
    "Daily conversion rates.",
    lambda d: f"{d.from_currency}|{d.to_currency}|{d.conversion_date}|{_rate_type(d)}",
    within={"rate_type": TEXT},
    rows=lambda d: [(d, _rate_type(d))],
)


def of_ledger(ledger: str) -> Endpoint:
    """The journals of one ledger; of all ledgers where the name is empty."""
    makers = {"journal_batches": _batch_rows, "journal_headers": _header_rows, "journal_lines": _line_rows}
    tables = tuple(replace(table, rows=makers[table.name](ledger)) for table in JOURNAL_BATCHES.tables)
    return replace(JOURNAL_BATCHES, tables=tables)
