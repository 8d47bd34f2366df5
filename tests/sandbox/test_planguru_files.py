"""Sheets as people make them: whatever headings, signs, blanks and shares there are, the amounts are exact or the sheet is refused."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from dlt_sources.planguru.cells import Calendar, Fault, Share, amount, exact, period
from dlt_sources.planguru.grids import UnreadableFile, grids
from dlt_sources.planguru.mapping import PlanGuruMapping, SheetRule, read_mapping
from dlt_sources.planguru.sheets import Sheet, read_sheet

US = Calendar()
MAPPING = PlanGuruMapping()
TOLD = {"company": "Firm Ltd", "scenario": "Budget 2026", "statement": "IS", "currency": "USD"}
CATEGORY = r"(?P<account_code>\d{4}) (?P<category>.+)"
RULE = SheetRule(category=CATEGORY)
FORMS: Mapping[str, Callable[[date], object]] = {
    "Jan 2026": lambda month: f"{month:%b %Y}",
    "January 2026": lambda month: f"{month:%B %Y}",
    "Jan-26": lambda month: f"{month:%b-%y}",
    "1/31/2026": lambda month: f"{month.month}/{last_day(month).day}/{month.year}",
    "2026-01-31": lambda month: last_day(month).isoformat(),
    "day": lambda month: datetime.combine(last_day(month), datetime.min.time()),
    "serial": lambda month: (month - date(1899, 12, 30)).days,
    "merged year": lambda month: f"{month:%b}",
}


def last_day(month: date) -> date:
    return (month.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def months(count: int, first: date = date(2025, 11, 1)) -> list[date]:
    at = first.year * 12 + first.month - 1
    return [date((at + each) // 12, (at + each) % 12 + 1, 1) for each in range(count)]


def booked(rows: Sequence[Sequence[object]], formats: Mapping[int, str] | None = None) -> bytes:
    """A workbook of one sheet; ``formats`` are the number formats of rows."""
    book = Workbook()
    sheet = book.active
    for at, row in enumerate(rows, 1):
        sheet.append([float(cell) if isinstance(cell, Decimal) else cell for cell in row])
        for cell in sheet[at][1:] if formats and at in formats else []:
            cell.number_format = formats[at]
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def read(rows: Sequence[Sequence[object]], rule: SheetRule = RULE, mapping: PlanGuruMapping = MAPPING, **told: str) -> Sheet:
    """A sheet of a workbook."""
    (grid,) = grids("book.xlsx", booked(rows))
    return read_sheet(grid, rule, TOLD | told, mapping)


def read_csv(text: str, rule: SheetRule = RULE, mapping: PlanGuruMapping = MAPPING) -> Sheet:
    (grid,) = grids("plan.csv", text.encode())
    return read_sheet(grid, rule, TOLD, mapping)


def lines(sheet: Sheet) -> dict[tuple[str, str, str, str], Decimal]:
    """Class, category, span and first day -> amount, of a sheet without a fault."""
    assert sheet.problems == []
    found = {(line.class_name, line.category, line.period.span, str(line.period.first_day)): line.amount for line in sheet.lines}
    assert len(found) == len(sheet.lines)
    return found


MONEY = st.decimals(min_value=-1_000_000, max_value=1_000_000, places=2)


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[date], dict[str, dict[str, list[Decimal | None]]]]:
    """Some months, and classes of categories with an amount in each month or none; each has one at least."""
    span = months(draw(st.integers(2, 15)), date(2025, draw(st.integers(1, 12)), 1))
    rows = st.lists(st.one_of(st.none(), MONEY), min_size=len(span), max_size=len(span)).filter(any)
    classes = {}
    for name in draw(st.lists(st.sampled_from(["Revenue", "Cost of Sales", "Overheads", "Other"]), min_size=1, unique=True)):
        names = draw(
            st.lists(st.sampled_from(["4000 Sales", "Rent, etc.", "6100 Travel (EU)", "Ads / TV", "9"]), min_size=1, unique=True)
        )
        classes[name] = {category: draw(rows) for category in names}
    return span, classes


def written(amount_: Decimal | None, style: str) -> object:
    """An amount as a cell shows it."""
    if amount_ is None or style == "number":
        return amount_
    if style == "parentheses":
        return f"({-amount_:,})" if amount_ < 0 else f"{amount_:,}"
    return f"-${-amount_:,}" if amount_ < 0 else f"${amount_:,} "


@st.composite
def sheets(draw: st.DrawFn) -> tuple[list[list[object]], dict[tuple[str, str, str, str], Decimal], list[tuple[int, int]], str]:
    """The rows of a sheet, the amounts in it, where its totals are, and in what it is written."""
    span, classes = draw(plans())
    form, file = draw(st.sampled_from(sorted(FORMS))), draw(st.sampled_from(["xlsx", "csv"]))
    style = draw(st.sampled_from(["number", "parentheses", "dollars"]))
    noise = draw(st.booleans())
    rows: list[list[object]] = [["Firm Ltd"], ["Budget - Income Statement"], []] if noise else []
    if form == "merged year":
        rows.append([None, *(str(month.year) if at == 0 or month.month == 1 else None for at, month in enumerate(span))])
    heading = FORMS["1/31/2026" if form == "day" and file == "csv" else form]
    rows.append(["Account" if noise else None, *(heading(month) for month in span)])
    told: dict[tuple[str, str, str, str], Decimal] = {}
    totals: list[tuple[int, int]] = []
    for name, categories in classes.items():
        rows.append([name])
        for category, amounts in categories.items():
            rows.append([category, *(written(each, style) for each in amounts)])
            plain = category.removeprefix("4000 ").removeprefix("6100 ")
            told |= {
                (name, plain, "month", str(month)): each for month, each in zip(span, amounts, strict=True) if each is not None
            }
            if noise:
                rows.append(["% of sales", *("12.5%" for _ in span)])
                rows.append([])
        sums = [sum((row[at] or Decimal(0) for row in categories.values()), Decimal(0)) for at in range(len(span))]
        rows.append([f"Total {name}", *(written(each, style) for each in sums)])
        totals += [(len(rows) - 1, at + 1) for at in range(len(span))]
        if noise:
            rows.append([])
            rows.append(["Net Income", *(1 for _ in span)])
    return rows, told, totals, file


def packed(rows: list[list[object]], file: str) -> tuple[str, bytes]:
    if file == "xlsx":
        return "plan.xlsx", booked(rows)
    text = "\r\n".join(",".join("" if cell is None else f'"{cell}"' for cell in row) for row in rows)
    return "plan.csv", text.encode("utf-8-sig")


@settings(max_examples=120, deadline=None)
@given(sheets())
def test_whatever_a_sheet_looks_like_its_amounts_are_read_to_the_cent(made: tuple[list[list[object]], Any, Any, str]) -> None:
    rows, told, _, file = made
    (grid,) = grids(*packed(rows, file))
    assert lines(read_sheet(grid, RULE, TOLD, MAPPING)) == told


@settings(max_examples=60, deadline=None)
@given(sheets(), st.data())
def test_a_cent_more_or_less_in_any_total_sets_the_sheet_aside(
    made: tuple[list[list[object]], Any, Any, str], data: st.DataObject
) -> None:
    rows, _, totals, file = made
    row, column = data.draw(st.sampled_from(totals))
    shown = amount(exact(float(rows[row][column])) if isinstance(rows[row][column], Decimal) else rows[row][column])
    assert isinstance(shown, Decimal)
    rows[row][column] = shown + data.draw(st.sampled_from([Decimal("0.01"), Decimal("-0.01"), Decimal(1000)]))
    (grid,) = grids(*packed(rows, file))
    problems = read_sheet(grid, RULE, TOLD, MAPPING).problems
    assert [at for at, _ in problems] == [row + 1]
    assert "but its total says" in problems[0][1]


@pytest.mark.parametrize(
    ("cell", "found"),
    [
        ("1,234.50", "1234.50"),
        ("(1,234.50)", "-1234.50"),
        ("-5", "-5"),
        ("5-", "-5"),
        ("$ 12", "12"),
        ("-$12.25", "-12.25"),
        ("($3)", "-3"),
        ("12 USD", "12"),
        ("EUR 7", "7"),
        (".5", "0.5"),
        ("-", "0"),
        ("\u2212 4", "-4"),
        ("\u00a07\u00a0", "7"),
    ],
)
def test_a_text_that_writes_an_amount_is_it(cell: str, found: str) -> None:
    assert amount(cell) == Decimal(found)


def test_a_text_that_writes_no_amount_is_none() -> None:
    assert [amount(each) for each in ("", "  ")] == [None, None]
    assert [amount(each) for each in ("12%", "-4.5 %", "(3%)")] == [Share()] * 3
    assert amount("#DIV/0!") == Fault("#DIV/0!")
    assert [amount(each) for each in ("1,23", "12 34", "1.2.3", "n/a", "12a")] == ["1,23", "12 34", "1.2.3", "n/a", "12a"]
    assert amount("1.234,50", ",") == Decimal("1234.50")
    assert amount("1.234.50", ",") == "1.234.50"


def test_numbers_of_workbooks_are_those_that_they_show() -> None:
    assert [str(exact(each)) for each in (0.1 + 0.2, 1234567.89, 100.0, -0.05, 33.333333333333336)] == [
        "0.3",
        "1234567.89",
        "100.0",
        "-0.05",
        "33.333333333333",
    ]


@pytest.mark.parametrize(
    ("text", "months_", "first"),
    [
        ("Jan 2026", 1, "2026-01-01"),
        ("Sept. 2026", 1, "2026-09-01"),
        ("jan-26", 1, "2026-01-01"),
        ("Jan '26", 1, "2026-01-01"),
        ("1/31/2026", 1, "2026-01-01"),
        ("01.02.26", 1, "2026-01-01"),
        ("2026-03", 1, "2026-03-01"),
        ("46053", 1, "2026-01-01"),
        ("Q2 2026", 3, "2026-04-01"),
        ("2Q26", 3, "2026-04-01"),
        ("FY2026", 12, "2026-01-01"),
        ("FY26", 12, "2026-01-01"),
        ("2026", 12, "2026-01-01"),
        ("Total 2026", 12, "2026-01-01"),
    ],
)
def test_headings_name_periods(text: str, months_: int, first: str) -> None:
    found = period(text, US)
    assert found is not None
    assert (found.months, str(found.first_day)) == (months_, first)


def test_what_is_no_period_is_none_and_days_may_stand_first() -> None:
    assert [period(each, US) for each in ("Jan", "Total", "13/31/2026", "Mayor 2026", "Note 2026", "1/32/2026", "YTD")] == [
        None
    ] * 7
    european = period("31/1/2026", Calendar(month_first=False))
    assert european is not None
    assert str(european.first_day) == "2026-01-01"


def test_years_that_begin_in_april_are_named_by_their_end() -> None:
    april = Calendar(year_begins=4)
    year, quarter = period("FY2026", april), period("Q4 2026", april)
    assert year is not None
    assert quarter is not None
    assert (str(year.first_day), str(quarter.first_day)) == ("2025-04-01", "2026-01-01")
    rows = [[None, "FY2026", None], ["", "Apr", "Jan"], ["Costs"], ["Rent", 1, 2], ["Total Costs", 1, 2]]
    sheet = read(rows, mapping=PlanGuruMapping(year_begins=4))
    assert [key[3] for key in lines(sheet)] == ["2025-04-01", "2026-01-01"]
    rows[0] = [None, 2025, 2026]
    assert [key[3] for key in lines(read(rows, mapping=PlanGuruMapping(year_begins=4)))] == ["2025-04-01", "2026-01-01"]


def test_what_is_planned_by_the_year_or_quarter_stands_in_their_column_and_others_are_held_to_theirs() -> None:
    heading = ["", "Jan 2026", "Feb 2026", "Mar 2026", "Q1 2026", "FY2026"]
    rows = [heading, ["Costs"], ["Rent", 1, 2, 3, 6, 6], ["Fees", None, None, None, 9, 9], ["Travel", None, None, None, None, 24]]
    rows.append(["Total Costs", 1, 2, 3, 15, 39])
    sheet = read(rows)
    assert {key[1:3]: value for key, value in lines(sheet).items()} == {
        ("Rent", "month"): 3,
        ("Fees", "quarter"): 9,
        ("Travel", "year"): 24,
    }
    rows[2] = ["Rent", 1, 2, 3, 7, 6]
    rows[-1] = ["Total Costs", 1, 2, 3, 16, 39]
    assert read(rows).problems == [(3, "'Rent' adds up to 6 over the quarter from 2026-01, but that column says 7")]


def test_a_total_of_one_year_that_names_none_is_a_year() -> None:
    span = months(12, date(2026, 1, 1))
    rows: list[list[object]] = [["", *(f"{month:%b %Y}" for month in span), "Total", "% of sales"], ["Costs"]]
    rows += [["Rent", *([1] * 12), 12, 0.5], ["Travel", *([None] * 12), 24], ["Total Costs", *([1] * 12), 36]]
    assert lines(read(rows))["Costs", "Travel", "year", "2026-01-01"] == 24
    rows[2][13] = 13
    assert (3, "'Rent' adds up to 12 over the year from 2026-01, but that column says 13") in read(rows).problems


def test_classes_within_classes_and_categories_without_amounts() -> None:
    rows = [
        ["", "Jan 2026"],
        ["Ordinary Income/Expense"],
        ["Expenses"],
        ["Payroll"],
        ["6000 Wages", 5],
        ["Nothing planned"],
        ["6050 Taxes", 1],
        ["Total Payroll", 6],
        ["Rent", 2],
        ["Total Expenses", 8],
        ["Net Ordinary Income", -8],
        ["Total", 8],
    ]
    sheet = read(rows)
    assert {key[:2] for key in lines(sheet)} == {("Payroll", "Wages"), ("Payroll", "Taxes"), ("Expenses", "Rent")}
    assert sheet.totals == 2
    assert read(rows[:9]).problems == [(3, "the class 'Expenses' has no total")]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (["Odd one", 3], "'Odd one' stands in no class"),
        ([None, 3], "has amounts and no name"),
        (["Net Income", "12"], ""),
        (["Growth %", "abc"], ""),
    ],
)
def test_rows_outside_of_all_classes(row: list[object], reason: str) -> None:
    problems = read([["", "Jan 2026"], ["Costs"], ["Rent", 2], ["Total Costs", 2], row]).problems
    assert [told[: len(reason)] for _, told in problems] == ([reason] if reason else [])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (["Rent", "two"], "'Rent' has 'two' in 2026-01, not an amount"),
        (["Rent", "#REF!"], "'Rent' has #REF! in 2026-01, not an amount"),
        (["Total Wine Ltd", 2], "'Total Wine Ltd' is the total of no class that is open (Costs)"),
    ],
)
def test_rows_that_cannot_be_amounts_are_named(row: list[object], reason: str) -> None:
    problems = read([["", "Jan 2026"], ["Costs"], ["Fees", 1], row, ["Total Costs", 1]]).problems
    assert problems[0] == (4, reason)


def test_shares_are_known_by_their_format_too() -> None:
    rows = [["", "Jan 2026"], ["Costs"], ["Rent", 2], ["of sales", 0.25], ["Total Costs", 2]]
    (grid,) = grids("book.xlsx", booked(rows, {4: "0.0%"}))
    assert len(lines(read_sheet(grid, RULE, TOLD, MAPPING))) == 1


def test_a_share_in_the_name_of_a_category_is_none_of_its_amounts() -> None:
    rows = [["", "Jan 2026"], ["Costs"], ["Fees of 5% and more", 2], ["Costs %", 0.5], ["% of sales", 1], ["Total Costs", 2]]
    assert [key[1] for key in lines(read(rows))] == ["Fees of 5% and more"]


def test_sheets_without_totals_are_not_held_to_what_looks_like_one() -> None:
    rows = [["", "Jan 2026"], ["Price"], ["Core", 10], ["Plus", 20], ["Total Price", 15], ["Seats"], ["Core", 3]]
    sheet = read(rows, SheetRule(totals=False))
    assert [key[:2] for key in lines(sheet)] == [("Price", "Core"), ("Price", "Plus"), ("Seats", "Core")]
    assert sheet.totals == 0


def test_a_title_with_a_day_is_no_heading() -> None:
    rows: list[list[object]] = [
        ["Firm"],
        ["Prepared", date(2025, 12, 12)],
        ["", "FY2026"],
        ["Costs"],
        ["Rent", 2],
        ["Total Costs", 2],
    ]
    sheet = read(rows, SheetRule(titles=(r"Prepared (?P<created_on>\S+)",)))
    assert list(lines(sheet)) == [("Costs", "Rent", "year", "2026-01-01")]
    assert sheet.lines[0].told["created_on"] == "2025-12-12"


def test_what_must_be_told_and_is_not_is_named() -> None:
    (grid,) = grids("book.xlsx", booked([["", "Jan 2026"], ["Costs"], ["Rent", 2], ["Total Costs", 2]]))
    sheet = read_sheet(grid, RULE, {"company": "Firm", "statement": "Poem", "locked": "Draft"}, MAPPING)
    reasons = [reason for _, reason in sheet.problems]
    assert [reason.partition(":")[0] for reason in reasons] == [
        "nothing tells its scenario",
        "nothing tells its currency",
        "'Poem' is no statement; known are IS, BS, CF, KPI",
    ]
    assert read([["nothing", "here"]]).problems == [(0, "has no row of headings with periods above amounts")]


LIST = SheetRule(
    columns={"class": "Group", "category": "Item", "period": "Month", "amount": "Value", "department": "Dept"}, totals=True
)


def test_a_list_has_one_amount_in_each_row_and_is_held_to_its_totals() -> None:
    text = "Export of 1/2/2026\nGroup;Dept;Item;Month;Value\nCosts;A;Rent;Jan-26;1.000,50\nCosts;A;Fees;Jan-26;(2)\n;;;;\nCosts;A;Total Costs;Jan-26;998,50\n"
    comma = PlanGuruMapping(decimal=",")
    sheet = read_csv(text, LIST, comma)
    assert list(lines(sheet).values()) == [Decimal("1000.50"), Decimal(-2)]
    assert sheet.totals == 1
    wrong = read_csv(text.replace("998,50", "998,51"), LIST, comma).problems
    assert wrong == [(6, "the class 'Costs' adds up to 998.5 in 2026-01, but its total says 998.51")]
    assert read_csv(text.replace("Costs;A;Total Costs;Jan-26;998,50\n", ""), LIST, comma).problems == [
        (0, "the class 'Costs' has no total in 2026-01")
    ]
    assert "its period is 'Janvier'" in read_csv(text.replace("Rent;Jan-26", "Rent;Janvier"), LIST, comma).problems[0][1]
    assert "no column 'Dept'" in read_csv(text.replace("Dept", "Team"), LIST, comma).problems[0][1]


def test_a_tolerance_is_for_exports_that_round() -> None:
    rows = [["", "Jan 2026"], ["Costs"], ["Rent", 2], ["Fees", 1], ["Total Costs", 4]]
    assert read(rows).problems
    assert lines(read(rows, mapping=PlanGuruMapping(tolerance=1)))


def test_files_that_are_no_tables_are_told_apart() -> None:
    for name, content, told in (
        ("a.xlsx", b"<html></html>", "no workbook"),
        ("a.xlsx", b"PK\x05\x06" + bytes(18), "cannot be read as a workbook"),
        ("a.XLS", b"\xd0\xcf\x11\xe0", "of another kind: save it as .xlsx"),
        ("a.csv", b"<!doctype html><p>Sign in", "a page of HTML"),
    ):
        with pytest.raises(UnreadableFile, match=told):
            grids(name, content)
    (grid,) = grids("Übersicht.csv", "a\tb\nSüd\t1".encode("utf-16"))
    assert (grid.name, grid.rows) == ("Übersicht", [["a", "b"], ["Süd", "1"]])
    assert grids("a.csv", "S\xfcd,1\n".encode("cp1252"))[0].rows == [["Süd", "1"]]


def test_reading_takes_steps_in_proportion_to_the_cells() -> None:
    def steps(categories: int) -> int:
        """Lines of Python that run: the same on every machine, however busy."""
        rows = [["", *(f"{month:%b %Y}" for month in months(12))], ["Costs"]]
        rows += [[f"Item {each}", *([1] * 12)] for each in range(categories)]
        rows.append(["Total Costs", *([categories] * 12)])
        (grid,) = grids("book.xlsx", booked(rows))
        count = 0

        def counted(_frame: FrameType, event: str, _value: object) -> Callable[..., Any]:
            nonlocal count
            count += event == "line"
            return counted

        former = sys.gettrace()
        sys.settrace(counted)
        try:
            found = read_sheet(grid, RULE, TOLD, MAPPING)
        finally:
            sys.settrace(former)
        assert len(found.lines) == categories * 12
        return count

    assert steps(1000) < 12 * steps(100), "ten times the cells"


def test_the_mapping_of_the_example_is_good() -> None:
    path = Path(__file__).parents[2] / "dlt_sources" / "planguru" / "example.toml"
    assert msgspec.structs.asdict(read_mapping(path))["dates"] == "mdy"
