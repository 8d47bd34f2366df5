"""The exports as files: a workbook for each plan, a list for drivers and targets."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

_SECTIONS: Sequence[tuple[str, Callable[[str, str], bool], str]] = (
    ("Revenue", lambda kind, sort: kind == "revenue" and sort == "revenue", ""),
    ("Cost of Sales", lambda _, sort: sort == "direct_cost", "Gross Profit"),
    ("Operating Expenses", lambda kind, sort: kind == "expense" and sort not in {"direct_cost", "income_tax"}, "Operating Income"),
    ("Other Income", lambda kind, sort: kind == "revenue" and sort != "revenue", ""),
    ("Income Taxes", lambda _, sort: sort == "income_tax", "Net Income"),
)
"""Classes, which accounts are of them, and the row that is computed below."""
_HEADINGS = ("Company", "Scenario", "Statement", "Class", "Category", "Month", "Amount", "Currency", "Prepared")
_EXCEL_BEGINS = date(1899, 12, 30)
_MONEY = "#,##0.00;(#,##0.00)"


@dataclass(frozen=True)
class Plan:
    """What the titles of a workbook tell."""

    company: str
    name: str
    fiscal_year: int
    kind: str
    created_on: date
    is_locked: bool
    currency: str


@dataclass(frozen=True)
class Book:
    """A plan with its lines (department, account code and name, class, type, month, amount) and drivers (class, category, month, amount)."""

    plan: Plan
    lines: Sequence[tuple[Any, ...]]
    drivers: Sequence[tuple[Any, ...]]
    by_year: AbstractSet[str]
    """Accounts that are planned by the year."""


def workbook(book: Book, at: datetime) -> bytes:
    """The bytes of a workbook, which are always the same for the same plan."""
    from openpyxl import Workbook

    made = Workbook()
    made.remove(made.active)
    months = sorted({line[5] for line in book.lines})
    _statement(made.create_sheet("Income Statement"), book, "Income Statement", months, book.lines)
    for department in sorted({str(line[0]) for line in book.lines}):
        sheet = made.create_sheet(f"IS {department}")
        sheet.sheet_state = "hidden"
        _statement(sheet, book, "Income Statement", months, [line for line in book.lines if line[0] == department])
    if book.drivers:
        _drivers(made.create_sheet("Drivers"), book)
    target = io.BytesIO()
    made.save(target)
    return _settled(target.getvalue(), at)


def listed(rows: Sequence[Sequence[Any]]) -> bytes:
    """The bytes of a CSV file as Excel writes it: a mark of UTF-8, thousands separated, negative amounts in parentheses."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_HEADINGS)
    for *told, month, amount, currency, created_on in rows:
        shown = f"({-amount:,})" if amount < 0 else f"{amount:,}"
        writer.writerow([*told, f"{month:%b %Y}", shown, currency, f"{created_on:%m/%d/%Y}" if created_on else ""])
    return text.getvalue().encode("utf-8-sig")


def _titles(sheet: Any, book: Book, title: str) -> None:
    plan = book.plan
    for text in (
        plan.company,
        f"{plan.name} - {title}",
        f"Fiscal year {plan.fiscal_year}",
        f"Prepared {plan.created_on:%m/%d/%Y}",
        "Approved" if plan.is_locked else "Draft",
        f"In {plan.currency}",
    ):
        sheet.append([text])
    sheet.append([])


def _months(sheet: Any, book: Book, label: str, months: Sequence[date], more: Sequence[str]) -> None:
    """The row of headings, with the months as this kind of plan writes them; a year's total follows."""
    kind = book.plan.kind
    if kind == "reforecast_q1":  # months under years, whose cells are merged
        years = sorted({month.year for month in months})
        sheet.append([None, *(month.year if month.month == 1 or month == months[0] else None for month in months)])
        at = sheet.max_row
        for year in years:
            first = 2 + min(place for place, month in enumerate(months) if month.year == year)
            last = first + sum(month.year == year for month in months) - 1
            sheet.merge_cells(start_row=at, end_row=at, start_column=first, end_column=last)
        headings: list[Any] = [f"{month:%b}" for month in months]
    else:
        headings = [_FORMS.get(kind, _FORMS["original"])(month) for month in months]
    sheet.append([label, *headings, *more])
    for cell in sheet[sheet.max_row]:
        if isinstance(cell.value, date):
            cell.number_format = "mmm-yy"


def _last_day(month: date) -> date:
    return date.fromordinal(date(month.year + month.month // 12, month.month % 12 + 1, 1).toordinal() - 1)


_FORMS: Mapping[str, Callable[[date], Any]] = {
    "original": lambda month: f"{month:%b %Y}",
    "reforecast_q2": lambda month: f"{month:%b-%y}",
    "reforecast_q3": lambda month: (month - _EXCEL_BEGINS).days,
    "scenario_upside": _last_day,
    "scenario_downside": lambda month: f"{month.month}/{_last_day(month).day}/{month.year}",
}
"""How months stand in the headings, by the kind of plan."""


def _statement(sheet: Any, book: Book, title: str, months: Sequence[date], lines: Sequence[tuple[Any, ...]]) -> None:
    _titles(sheet, book, title)
    _months(sheet, book, "Account", months, [f"FY{book.plan.fiscal_year}", "% of revenue"])
    net: dict[date | None, Decimal] = {}
    revenue: dict[date | None, Decimal] = {}
    for name, belongs, computed in _SECTIONS:
        accounts: dict[tuple[str, str], dict[date | None, Decimal]] = {}
        for _, code, account, kind, sort, month, amount in lines:
            if belongs(kind, sort):
                of = accounts.setdefault((code, account), {})
                of[month] = of.get(month, Decimal(0)) + amount
        if accounts:
            total = _section(sheet, name, accounts, months, book.by_year)
            sign = 1 if name in {"Revenue", "Other Income"} else -1
            net = {key: net.get(key, Decimal(0)) + sign * total.get(key, Decimal(0)) for key in {*net, *total}}
            revenue = revenue or total
        if computed:
            _row(sheet, computed, net, months)
            if computed == "Gross Profit":
                _shares(sheet, "Gross margin %", net, revenue, months)
            sheet.append([])


def _section(
    sheet: Any,
    name: str,
    accounts: Mapping[tuple[str, str], Mapping[date | None, Decimal]],
    months: Sequence[date],
    by_year: AbstractSet[str],
) -> dict[date | None, Decimal]:
    """A class with its accounts and its total, which is returned by month, with None for the year."""
    sheet.append([name])
    total: dict[date | None, Decimal] = {}
    for (code, account), amounts in sorted(accounts.items()):
        told: dict[date | None, Decimal] = {None: sum(amounts.values(), Decimal(0))}
        if code not in by_year:
            told = {**told, **amounts}
        _row(sheet, f"{code} {account}", told, months)
        for key, amount in told.items():
            total[key] = total.get(key, Decimal(0)) + amount
    _row(sheet, f"Total {name}", total, months)
    sheet.append([])
    return total


def _row(sheet: Any, label: str, amounts: Mapping[date | None, Decimal], months: Sequence[date]) -> None:
    sheet.append([label, *(amounts.get(month) for month in months), amounts.get(None)])
    for cell in sheet[sheet.max_row][1:]:
        cell.number_format = _MONEY


def _shares(
    sheet: Any, label: str, parts: Mapping[date | None, Decimal], wholes: Mapping[date | None, Decimal], months: Sequence[date]
) -> None:
    sheet.append(
        [label, *(float(parts[key] / wholes[key]) if wholes.get(key) and key in parts else "#DIV/0!" for key in (*months, None))]
    )
    for cell in sheet[sheet.max_row][1:]:
        cell.number_format = "0.0%"


def _drivers(sheet: Any, book: Book) -> None:
    months = sorted({month for _, _, month, _ in book.drivers})
    _titles(sheet, book, "Drivers")
    _months(sheet, book, "Driver", months, [])
    rows: dict[str, dict[str, dict[date | None, Decimal]]] = {}
    for name, what, month, amount in book.drivers:
        rows.setdefault(name, {}).setdefault(what, {})[month] = amount
    for name, categories in rows.items():
        sheet.append([name])
        for what, amounts in categories.items():
            sheet.append([what, *(amounts.get(month) for month in months)])
        sheet.append([])


def _settled(content: bytes, at: datetime) -> bytes:
    """A workbook whose files are as old as the plan, so that the same plan makes the same bytes."""
    target = io.BytesIO()
    stamp = (at.year, at.month, at.day, at.hour, at.minute, at.second)
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        for member in source.infolist():
            body = source.read(member)
            if member.filename == "docProps/core.xml":
                body = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", f"{at:%Y-%m-%dT%H:%M:%SZ}".encode(), body)
            packed.writestr(zipfile.ZipInfo(member.filename, stamp), body, zipfile.ZIP_DEFLATED)
    return target.getvalue()
