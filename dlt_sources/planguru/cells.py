"""What the cells of workbooks and CSV exports say: amounts, periods, shares and faults, in all the ways in which people write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(?P<month>[A-Za-z]{3,9})\.?"
_YEAR = r"(?:FY\s*|CY\s*|year\s+|['\u2019])?(?P<year>\d{4}|\d{2})"
_NAMED = re.compile(rf"{_MONTH}[\s\-/]*{_YEAR}", re.IGNORECASE)
_BARE = re.compile(_MONTH)
_NUMBERED = re.compile(r"(?P<first>\d{1,2})[/.\-](?P<second>\d{1,2})[/.\-](?P<year>\d{4}|\d{2})")
_ISO = re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})(?:-\d{2}(?:[T ].*)?)?")
_QUARTER = re.compile(rf"(?:Q(?P<quarter>[1-4])|(?P<ordinal>[1-4])Q)(?:[\s\-/]*{_YEAR})?", re.IGNORECASE)
_WHOLE = re.compile(
    r"(?:(?:total|FY|CY|year|annual)\s*)?(?P<year>(?:19|20)\d{2})(?:\s*(?:total|budget|forecast|year))?|FY\s*'?(?P<short>\d{2})",
    re.IGNORECASE,
)
_TOTAL = re.compile(r"(?:grand |annual |yearly |full[- ]year )?total|full[- ]year|year|annual", re.IGNORECASE)
_SERIAL = (36526, 73415)  # 2000 to 2100, in days since Excel's beginning
_EXCEL_BEGINS = date(1899, 12, 30)
_NUMBER = {
    ".": re.compile(r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+"),
    ",": re.compile(r"(?:\d{1,3}(?:[. ' ]\d{3})+|\d+)(?:,\d*)?|,\d+"),
}
_NOTHING = frozenset({"-", "\u2013", "\u2014"})
_DAYS = {True: ("%m/%d/%Y", "%m/%d/%y"), False: ("%d/%m/%Y", "%d/%m/%y", "%d.%m.%Y")}
_FAULT = re.compile(r"#(?:REF!|DIV/0!|VALUE!|NAME\?|N/A|NUM!|NULL!|SPILL!|CALC!|#+)")


@dataclass(frozen=True)
class Share:
    """A cell that shows a percentage: it is of other cells, and no amount."""


@dataclass(frozen=True)
class Fault:
    """A cell that shows an error of the spreadsheet."""

    text: str


Cell = str | Decimal | date | Share | Fault | None


@dataclass(frozen=True, order=True)
class Period:
    """A month, a quarter or a year, by its first day and how many months it has."""

    months: int
    first_day: date

    def holds(self, other: Period) -> bool:
        """Whether another, shorter period lies in this one."""
        until = _later(self.first_day, self.months)
        return other.months < self.months and self.first_day <= other.first_day < until

    @property
    def span(self) -> str:
        """Its kind."""
        return {1: "month", 3: "quarter", 12: "year"}[self.months]


@dataclass(frozen=True)
class Calendar:
    """How periods are read: whether the month stands first in a date, and with which month a year begins."""

    month_first: bool = True
    year_begins: int = 1

    def year(self, number: int) -> Period:
        """A year: one that begins with another month than January is named by the calendar year in which it ends."""
        return Period(12, date(number - (self.year_begins > 1), self.year_begins, 1))

    def quarter(self, number: int, year: int) -> Period:
        """A quarter of a year."""
        return Period(3, _later(self.year(year).first_day, 3 * (number - 1)))

    def month(self, number: int, year: int) -> Period:
        """A month of a calendar year."""
        return Period(1, date(year, number, 1))

    def above(self, cell: Cell) -> Period | None:
        """The year that a heading above months names: that of the calendar, where it does not say FY."""
        found = period(cell, self)
        if found is None or found.months != 12:
            return None
        is_fiscal = isinstance(cell, str) and "FY" in cell.upper()
        return found if is_fiscal else Period(12, date(found.first_day.year + (self.year_begins > 1), 1, 1))


def _later(day: date, months: int) -> date:
    at = day.year * 12 + day.month - 1 + months
    return date(at // 12, at % 12 + 1, 1)


def period(cell: Cell, calendar: Calendar, within: Period | None = None) -> Period | None:
    """The period that a heading names; ``within`` is the year above it, for months, quarters and totals that name none."""
    try:
        if isinstance(cell, date):
            return calendar.month(cell.month, cell.year)
        if isinstance(cell, Decimal):
            return _of_number(cell, calendar)
        return _of_text(" ".join(cell.split()), calendar, within) if isinstance(cell, str) else None
    except ValueError:  # no day of any calendar, such as 13/31/2026
        return None


def _of_number(number: Decimal, calendar: Calendar) -> Period | None:
    if number != number.to_integral_value():
        return None
    if 1990 <= number <= 2100:
        return calendar.year(int(number))
    if _SERIAL[0] <= number < _SERIAL[1]:
        day = _EXCEL_BEGINS + timedelta(days=int(number))
        return calendar.month(day.month, day.year)
    return None


def _of_text(text: str, calendar: Calendar, within: Period | None) -> Period | None:
    if text.isdigit():
        return _of_number(Decimal(text), calendar)
    if (named := _NAMED.fullmatch(text)) and (month := month_number(named["month"])) is not None:
        return calendar.month(month, _full(named["year"]))
    if iso := _ISO.fullmatch(text):
        return calendar.month(int(iso["month"]), int(iso["year"]))
    if dated := _NUMBERED.fullmatch(text):
        first, second, year = int(dated["first"]), int(dated["second"]), _full(dated["year"])
        day = date(year, first, second) if calendar.month_first else date(year, second, first)
        return calendar.month(day.month, year)
    if (quarter := _QUARTER.fullmatch(text)) and quarter["year"]:
        return calendar.quarter(int(quarter["quarter"] or quarter["ordinal"]), _full(quarter["year"]))
    if whole := _WHOLE.fullmatch(text):
        return calendar.year(_full(whole["year"] or whole["short"]))
    return None if within is None else _within(text, within, quarter)


def _within(text: str, year: Period, quarter: re.Match[str] | None) -> Period | None:
    if quarter:
        return Period(3, _later(year.first_day, 3 * (int(quarter["quarter"] or quarter["ordinal"]) - 1)))
    if _TOTAL.fullmatch(text):
        return year
    month = month_number(text) if _BARE.fullmatch(text) else None
    return None if month is None else Period(1, _later(year.first_day, (month - year.first_day.month) % 12))


def day_of(text: str, calendar: Calendar) -> date | None:
    """The day that a text writes."""
    for form in (*_DAYS[calendar.month_first], "%Y-%m-%d", "%b %d, %Y", "%B %d, %Y", "%d %b %Y", "%d %B %Y"):
        try:
            return datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 - a day is of no zone
        except ValueError:
            continue
    return None


def month_number(text: str) -> int | None:
    """1 for January, by its English name or the first letters of it."""
    lower = text.rstrip(".").lower()
    full = (
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    )
    place = next((at for at, name in enumerate(full) if name.startswith(lower) or lower == "sept" == name[:4]), None)
    return None if place is None or len(lower) < 3 or lower[:3] != _MONTHS[place] else place + 1


def is_total(text: str) -> bool:
    """Whether a heading names a total of all periods before it."""
    return bool(_TOTAL.fullmatch(" ".join(text.split())))


def needs_year(cell: Cell) -> bool:
    """Whether a heading is a month or a quarter without a year."""
    if not isinstance(cell, str):
        return False
    text = " ".join(cell.split())
    quarter = _QUARTER.fullmatch(text)
    return (quarter is not None and not quarter["year"]) or (bool(_BARE.fullmatch(text)) and month_number(text) is not None)


def _full(year: str) -> int:
    return int(year) + (2000 if len(year) == 2 else 0)


def amount(cell: Cell, decimal: str = ".") -> Cell:
    """A cell as an amount: a text that writes a number becomes it, one that shows a percentage or an error becomes that.

    Parentheses, and a minus before or after, make it negative; a lone dash is nothing, as accountants write zero.
    """
    if not isinstance(cell, str):
        return cell
    text = cell.replace("\u00a0", " ").replace("\u2212", "-").strip()
    if not text:
        return None
    if text in _NOTHING:
        return Decimal(0)
    if _FAULT.fullmatch(text):
        return Fault(text)
    bare, sign = text, 1
    if bare.startswith("(") and bare.endswith(")"):
        bare, sign = bare[1:-1].strip(), -1
    bare = re.sub(r"^(-?)\s*(?:[A-Z]{3}|[$€£¥])\s*(-?)", r"\1\2", bare)
    if bare.startswith("-") or bare.endswith("-"):
        bare, sign = bare.strip("-").strip(), -sign
    bare = re.sub(r"\s*(?:[A-Z]{3}|[$€£¥])$", "", bare)
    if bare.endswith("%") and _NUMBER[decimal].fullmatch(bare[:-1].strip()):
        return Share()
    if not _NUMBER[decimal].fullmatch(bare):
        return cell
    groups = "," if decimal == "." else ". ' "
    plain = bare.translate({ord(each): None for each in groups}).replace(decimal, ".")
    return sign * Decimal(plain)


def exact(number: float) -> Decimal:
    """What a workbook keeps as a floating number as the number that it shows: the shortest that reads back, within Excel's fifteen digits."""
    shortest = Decimal(repr(number))
    digits = len(shortest.as_tuple().digits)
    found = shortest if digits <= 15 else Decimal(f"{number:.15g}")
    return found.quantize(Decimal("1e-12")).normalize() if _places(found) > 12 else found


def _places(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0
