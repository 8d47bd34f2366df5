"""Walks a figure back: from a row of a mart to its journal lines, their documents, and the bytes that the vendor sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import msgspec

from dlt_sources.catalog import SYSTEMS
from dlt_sources.http import SourceError
from dlt_sources.records import Archive
from finance_hub import publish, warehouse
from finance_hub.settings import Settings

Row = Mapping[str, Any]
_SHOWN_ROWS = 5
_EXACT = msgspec.json.Decoder(float_hook=Decimal)  # money is shown as it was sent
_WRITTEN = msgspec.json.Encoder(decimal_format="number")


class TraceError(Exception):
    """The model cannot be traced, or the key names no row or several."""


@dataclass(frozen=True)
class _Way:
    """From a row of a mart to its lines.

    ``condition`` is on ``lines`` (with ``accounts`` and ``chart`` joined), with the row's ``columns`` as ``$name``; ``total`` adds up to
    the row's ``figure``. No figure: the lines are shown and not added up.
    """

    condition: str
    columns: tuple[str, ...]
    figure: str = ""
    total: str = "sum(lines.amount_func)"


_ACCOUNT = "lines.entity_id = $entity_id and lines.connection_id = $connection_id and lines.account_id = $account_id"
_ACCOUNT_COLUMNS = ("entity_id", "connection_id", "account_id", "period_month")
_CASH_JOURNALS = """
    (lines.connection_id, lines.journal_id) in (
        select (cash.connection_id, cash.journal_id) from core.fct_gl_line as cash
        inner join core.dim_group_account as cash_chart using (group_account_code)
        where cash.period_month = $period_month and cash_chart.cash_flow_category = 'cash')
"""
_FLOW = f"""
    lines.period_month = $period_month and chart.cash_flow_category = $category
    and case $method when 'indirect' then chart.cash_flow_line = $line else chart.direct_cash_flow_line = $line and {_CASH_JOURNALS} end
"""
_WAYS: Mapping[str, _Way] = {
    "general_ledger": _Way("lines.gl_line_key = $gl_line_key", ("gl_line_key",), "amount_func"),
    "trial_balance": _Way(f"{_ACCOUNT} and lines.period_month = $period_month", _ACCOUNT_COLUMNS, "amount_func"),
    "profit_and_loss": _Way(
        f"{_ACCOUNT} and lines.period_month = $period_month and lines.fiscal_year = $fiscal_year "
        "and lines.group_account_code = $group_account_code",
        (*_ACCOUNT_COLUMNS, "fiscal_year", "group_account_code"),
        "amount_func",
        "sum(lines.amount_func * accounts.natural_sign)",
    ),
    "balance_sheet": _Way(
        """
        lines.entity_id = $entity_id and lines.connection_id = $connection_id and lines.period_month <= $period_month
        and case $account_id
            when 'retained_earnings_system' then accounts.is_profit_and_loss and lines.fiscal_year < (
                select max(fiscal_year) from core.dim_date where entity_id = $entity_id and period_month = $period_month and is_period_end)
            when 'current_year_earnings' then accounts.is_profit_and_loss and lines.fiscal_year = (
                select max(fiscal_year) from core.dim_date where entity_id = $entity_id and period_month = $period_month and is_period_end)
            else lines.account_id = $account_id end
        """,
        _ACCOUNT_COLUMNS,
        "amount_func",
        "sum(case when accounts.is_profit_and_loss then -lines.amount_func else lines.amount_func * accounts.natural_sign end)",
    ),
    "cash_flow": _Way(
        f"lines.entity_id = $entity_id and lines.connection_id = $connection_id and {_FLOW}",
        ("method", "entity_id", "connection_id", "period_month", "category", "line"),
        "amount_func",
        "-sum(lines.amount_func)",
    ),
    "ar_ap_aging": _Way(
        "lines.connection_id = $connection_id and lines.document_id = $document_id", ("connection_id", "document_id")
    ),
    "consolidated_profit_and_loss": _Way(
        "lines.group_account_code = $group_account_code and lines.period_month = $period_month",
        ("group_account_code", "period_month"),
    ),
    "consolidated_balance_sheet": _Way(
        "lines.group_account_code = $group_account_code and lines.period_month <= $period_month",
        ("group_account_code", "period_month"),
    ),
    "consolidated_cash_flow": _Way(_FLOW, ("method", "period_month", "category", "line")),
}
MODELS = tuple(_WAYS)


@dataclass(frozen=True)
class Page:
    """The archived page that a line came in: where it lies, and the vendor's own words for the line's document, if it can be told."""

    system: str
    connection_id: str
    page_id: str
    excerpt: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Trail:
    """A figure and what it is made of: ``lines`` are the largest, ``line_count`` all, ``total`` what all of them add up to."""

    model: str
    row: Row
    figure: Decimal | None
    total: Decimal | None
    line_count: int
    lines: Sequence[Row]
    page: Page | None
    links: Mapping[str, str] = field(default_factory=dict)
    """The vendor's own page of a document, by the document's id."""

    @property
    def ties(self) -> bool | None:
        """Whether the lines add up to the figure; None where the figure is not a plain sum."""
        return None if self.figure is None else self.figure == self.total


def columns_of(model: str) -> tuple[str, ...]:
    """The columns that name a row of a model that can be traced."""
    return _WAYS[model].columns


def parse_key(text: str) -> dict[str, str]:
    """``account_code=4000,period_month=2026-05-01`` as columns and values.

    Raises :class:`TraceError`.
    """
    parts = [part.partition("=") for part in text.split(",") if part.strip()]
    if not parts or not all(separator for _, separator, _ in parts):
        raise TraceError(f"'{text}' is no key: name columns and values, such as account_code=4000,period_month=2026-05-01.")
    return {name.strip(): value.strip() for name, _, value in parts}


def trace(settings: Settings, model: str, key: Mapping[str, str], *, limit: int = 20) -> Trail:
    """Follow one row of a mart, in the snapshot that is served.

    Raises :class:`TraceError`.
    """
    if model not in _WAYS:
        raise TraceError(f"'{model}' cannot be traced; known are {', '.join(_WAYS)}.")
    way = _WAYS[model]
    with warehouse.reading(publish.current(settings.home)) as database:
        row = _the_row(database, model, key)
        values = {name: row[name] for name in way.columns}
        joined = f"""
            from core.fct_gl_line as lines
            left join core.dim_account as accounts on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
            left join core.dim_group_account as chart on lines.group_account_code = chart.group_account_code
            left join core.fct_document as documents on lines.connection_id = documents.connection_id and lines.document_id = documents.document_id
            where {way.condition}
        """
        count, total = _rows(database, f"select count(*) as lines, coalesce({way.total}, 0) as total {joined}", values)[0].values()
        lines = _rows(
            database,
            f"""
            select lines.gl_line_key, lines.source_system, lines.connection_id, lines.entity_id, lines.posting_date, lines.journal_id,
                lines.journal_number, accounts.account_code, accounts.account_name, lines.amount_func, lines.currency_func,
                lines.document_kind, lines.document_id, coalesce(documents.document_number, lines.document_number) as document_number,
                documents.party_name, documents.status, lines.description, lines._page_id
            {joined} order by abs(lines.amount_func) desc, lines.gl_line_key limit {limit}
            """,
            values,
        )
    links = {line["document_id"]: link for line in lines if line["document_id"] and (link := _link(settings, line))}
    figure = row[way.figure] if way.figure else None
    return Trail(model, row, figure, total, count, lines, _page(settings, lines[0]) if lines else None, links)


def _the_row(database: warehouse.Database, model: str, key: Mapping[str, str]) -> Row:
    known = [name for (name,) in database.execute(f"select column_name from (describe marts.{model})").fetchall()]
    if unknown := [name for name in key if name not in known]:
        raise TraceError(f"{model} has no column '{unknown[0]}'; it has {', '.join(known)}.")
    condition = " and ".join(f'"{name}"::varchar = ${name}' for name in key)
    found = _rows(database, f"from marts.{model} where {condition} limit {_SHOWN_ROWS + 1}", dict(key))
    if not found:
        raise TraceError(f"{model} has no row with {', '.join(f'{name}={value}' for name, value in key.items())}.")
    if len(found) > 1:
        differ = [name for name in known if len({str(row[name]) for row in found}) > 1 and name not in key]
        raise TraceError(f"{model} has several rows with this key; add {' or '.join(differ[:4])} to tell them apart.")
    return found[0]


def _rows(database: warehouse.Database, sql: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    used = {name: value for name, value in values.items() if f"${name}" in sql}
    answer = database.execute(sql, used)
    names = [column[0] for column in answer.description or []]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def _link(settings: Settings, line: Row) -> str | None:
    """The vendor's own page of a line's document, where its source knows one."""
    connection = settings.connections.get(line["connection_id"])
    make = getattr(SYSTEMS[line["source_system"]].module(), "deep_link", None)
    return make(connection.keys, line["document_kind"], line["document_id"]) if connection and make else None


def _page(settings: Settings, line: Row) -> Page | None:
    """The archived page of a line, with the object in it that names the line, or its journal."""
    if not line["_page_id"]:
        return None
    system, connection_id = line["source_system"], line["connection_id"]
    try:
        body = Archive(settings.home / "archive", system, connection_id).page(line["_page_id"])
    except SourceError as trouble:
        return Page(system, connection_id, line["_page_id"], problem=str(trouble))
    native = line["gl_line_key"].split("|", 2)[2]
    wanted = {native, *native.split("|"), str(line["journal_id"])} - {""}
    try:
        _, found = _closest(_EXACT.decode(body), wanted)
    except msgspec.DecodeError:
        return Page(system, connection_id, line["_page_id"])  # not JSON: a table in a file of its own
    excerpt = msgspec.json.format(_WRITTEN.encode(found), indent=2).decode() if found is not None else ""
    return Page(system, connection_id, line["_page_id"], excerpt)


def _closest(value: Any, wanted: set[str], above: frozenset[str] = frozenset()) -> tuple[int, Any]:
    """The object that, with those around it, has most of the wanted values as fields; the innermost, of its equals the first.

    A part of a key alone, such as a line's number, is found in many places.
    """
    own: set[str] = set()
    inside: Iterable[Any] = value if isinstance(value, list) else ()
    if isinstance(value, dict):
        own = {str(field) for field in value.values() if isinstance(field, str | int)} & wanted
        inside = value.values()
    known = above | own
    best: tuple[int, Any] = (len(known), value) if own else (0, None)
    for inner in inside:
        if isinstance(inner, dict | list):
            matches, found = _closest(inner, wanted, known)
            if found is not None and (matches > best[0] or (best[1] is value and matches == best[0])):
                best = (matches, found)
    return best
