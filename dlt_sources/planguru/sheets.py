"""A sheet by the strict contract: every amount has its company, scenario, statement, class, category, period and currency, and adds up.

What is found wrong of a sheet is told row by row, and the whole sheet is then to be set aside: a plan without one of its lines would be
another plan.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from dlt_sources.planguru.cells import (
    Calendar,
    Cell,
    Fault,
    Period,
    Share,
    amount,
    day_of,
    is_total,
    needs_year,
    period,
)
from dlt_sources.planguru.grids import Grid
from dlt_sources.planguru.mapping import PlanGuruMapping, SheetRule, fits, told_by

_TOTAL = re.compile(r"totals?\b[\s:\-]*(?:(?:of|for)\s+)?(?P<name>.*)|(?P<last>.+?)[\s:\-]+totals?", re.IGNORECASE)
_SHARE = re.compile(r"^%|%$|% (?:of|growth|change)\b|\bpercent(?:age)?\b", re.IGNORECASE)
_COMPUTED = re.compile(
    r"(?:gross|net|operating|ordinary|pre-?tax)\b.*\b(?:profit|loss|income|earnings|margin|surplus|deficit|change|cash ?flow)\b.*"
    r"|ebitda?\b.*|(?:profit|income|earnings|loss)\s+(?:before|after|from)\b.*|contribution(?: margin)?|(?:beginning|ending)\b.*\bcash\b.*",
    re.IGNORECASE,
)
"""Names of rows that are made of several classes, as they stand outside of all."""
_STATEMENTS = (
    ("IS", re.compile(r"IS|P ?& ?L|(?:income|profit|p&l)\b.*|.*\bof operations", re.IGNORECASE)),
    ("BS", re.compile(r"BS|balance\b.*|.*\bfinancial position", re.IGNORECASE)),
    ("CF", re.compile(r"CF|(?:.*\b)?cash\b.*", re.IGNORECASE)),
    ("KPI", re.compile(r"KPIs?|(?:key|drivers?|targets?|non-?financial|statistics?)\b.*", re.IGNORECASE)),
)
_OPEN = frozenset({"no", "false", "open", "draft", "0", "n"})
"""Words for a plan that is not locked; any other word says that it is."""
_HEADINGS_WITHIN = 60  # rows
_NEEDED = ("company", "scenario", "statement", "currency")


@dataclass(frozen=True)
class Line:
    """An amount of a category in a period, and where it stands."""

    row: int
    column: int
    told: dict[str, str]
    class_name: str
    category: str
    period: Period
    amount: Decimal


@dataclass
class Sheet:
    """What a sheet holds; ``problems`` are by row, 0 for those of the sheet itself."""

    name: str
    is_hidden: bool
    told: dict[str, str] = field(default_factory=dict)
    lines: list[Line] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    totals: int = 0
    """How many totals were held to their parts."""
    texts: dict[int, str] = field(default_factory=dict)
    """Of rows with amounts: what they show."""

    def wrong(self, row: int, reason: str) -> None:
        """Note what is wrong."""
        self.problems.append((row, reason))


@dataclass
class _Row:
    """A category in the making: the class is settled when the class is closed."""

    number: int
    category: str
    account_code: str
    told: dict[str, str]
    amounts: dict[int, Decimal]
    of: _Class


@dataclass
class _Class:
    name: str
    row: int
    rows: list[_Row] = field(default_factory=list)


def read_sheet(grid: Grid, rule: SheetRule, told: Mapping[str, str], mapping: PlanGuruMapping) -> Sheet:
    """The lines of a sheet, of which ``told`` are values that names and constants tell; and what is wrong with it."""
    sheet = Sheet(grid.name, grid.is_hidden, dict(told))
    reading = _List(sheet, grid, rule, mapping) if rule.is_list else _Grid(sheet, grid, rule, mapping)
    reading.read()
    if not sheet.lines and not sheet.problems:
        sheet.wrong(0, "has no amounts")
    for row, values in {id(line.told): (line.row, line.told) for line in sheet.lines}.values():
        _settle(sheet, row, values, reading.calendar)
    sheet.problems = list(dict.fromkeys(sheet.problems))
    return sheet


def _settle(sheet: Sheet, row: int, told: dict[str, str], calendar: Calendar) -> None:
    """Bring what is told of a row into the words of the hub."""
    for name in _NEEDED:
        if not told.get(name):
            sheet.wrong(0, f"nothing tells its {name}: say in the mapping where it stands, or give it in values")
    statement = told.get("statement", "")
    if code := next((code for code, pattern in _STATEMENTS if pattern.fullmatch(statement)), None):
        told["statement"] = code
    elif statement:
        sheet.wrong(row, f"'{statement}' is no statement; known are {', '.join(code for code, _ in _STATEMENTS)}")
    if created_on := told.get("created_on"):
        day = day_of(created_on, calendar)
        if day is None:
            sheet.wrong(row, f"'{created_on}' is no day on which it was made")
        else:
            told["created_on"] = day.isoformat()
    if "locked" in told:
        told["locked"] = str(told["locked"].casefold() not in _OPEN).lower()
    if (year := told.get("fiscal_year")) is not None and not year.isdigit():
        sheet.wrong(row, f"'{year}' is no year")


@dataclass
class _Reading:
    sheet: Sheet
    grid: Grid
    rule: SheetRule
    mapping: PlanGuruMapping

    def __post_init__(self) -> None:
        self.calendar = Calendar(self.mapping.dates == "mdy", self.mapping.year_begins)

    def titles(self, until: int) -> None:
        """Take in what the cells above the headings tell."""
        shown = [[_title(cell) for cell in row if _shows(cell)] for row in self.grid.rows[:until]]
        texts = [text for row in shown for text in ([*row, " ".join(row)] if len(row) > 1 else row)]
        for pattern in self.rule.titles:
            for at, text in enumerate(texts):
                told = told_by(pattern, text)
                if told is not None:
                    self.sheet.told.update(told)
                    del texts[at]
                    break

    def rows_from(self, first: int) -> Iterator[tuple[int, list[Cell]]]:
        """The rows from a place on, by their number in the sheet, without those that are empty."""
        for at, row in enumerate(self.grid.rows[first:], first):
            if any(_shows(cell) for cell in row):
                yield at + 1, row

    def split(self, label: str, told: dict[str, str]) -> str:
        """The category of a label, whose other parts are told."""
        parts = told_by(self.rule.category, label) if self.rule.category else None
        if parts is None:
            return label
        told.update({name: value for name, value in parts.items() if name != "category"})
        return parts.get("category", label)


class _Grid(_Reading):
    """Categories in rows under their classes, periods in columns."""

    def read(self) -> None:
        found = self._headings()
        if found is None:
            self.sheet.wrong(0, "has no row of headings with periods above amounts")
            return
        at, self.periods = found
        self.titles(at)
        headings = {_text(cell).casefold(): column for column, cell in enumerate(self.grid.rows[at]) if _text(cell)}
        self.columns = {}
        for name, heading in self.rule.columns.items():
            if heading.casefold() in headings:
                self.columns[name] = headings[heading.casefold()]
        first = min(self.periods)
        self.labels = [column for column in range(first) if column not in self.columns.values()]
        self.open: list[_Class] = []
        self.rows: list[_Row] = []
        for number, row in self.rows_from(at + 1):
            self._take(number, row)
        if self.rule.totals:
            for each in self.open:
                if any(row.of is each for row in each.rows):
                    self.sheet.wrong(each.row, f"the class '{each.name}' has no total")
        for made in self.rows:
            self._lines(made)

    def _headings(self) -> tuple[int, dict[int, Period]] | None:
        """The row of headings and the periods of its columns: the row that names most; of several, the last that does so in words.

        Amounts may look like years or days, and a title may tell a day, too.
        """
        rows = self.grid.rows[:_HEADINGS_WITHIN]
        found: dict[int, dict[int, Period]] = {}
        for at, row in enumerate(rows):
            above = next((rows[before] for before in reversed(range(at)) if any(_shows(cell) for cell in rows[before])), None)
            for periods in (self._periods(row, above), self._periods(row, None)):
                if periods and self._has_amounts(at, periods):
                    found[at] = max(found.get(at, {}), periods, key=len)
        most = max((len(periods) for periods in found.values()), default=0)
        best = [at for at, periods in found.items() if len(periods) == most]
        named = [at for at in best if all(_is_named(rows[at][column]) for column in found[at])]
        if not best:
            return None
        at = named[-1] if named else best[0]
        return at, self._with_total(rows[at], found[at])

    def _with_total(self, row: list[Cell], periods: dict[int, Period]) -> dict[int, Period]:
        """The periods with the total after them, where it is of the one year that they are of."""
        after = range(max(periods) + 1, len(row))
        column = next((each for each in after if isinstance(row[each], str) and is_total(str(row[each]))), None)
        year = self._told_year()
        months = sorted(each.first_day for each in periods.values() if each.months == 1)
        if year is None and len(months) == 12 == len(periods):
            year = Period(12, months[0])
        if column is None or year is None or year in periods.values() or not all(year.holds(each) for each in periods.values()):
            return periods
        return {**periods, column: year}

    def _periods(self, row: list[Cell], above: list[Cell] | None) -> dict[int, Period]:
        """The periods that the cells of a row name, each once; months without a year are of the one ``above`` or of the one that is told."""
        found: dict[int, Period] = {}
        year: Period | None = self._told_year()
        for column, cell in enumerate(row):
            if above is not None and column < len(above) and _shows(above[column]):
                year = self.calendar.above(above[column]) or year
            if (named := period(cell, self.calendar, year if above is not None or needs_year(cell) else None)) is not None:
                found[column] = named
        return found if len(set(found.values())) == len(found) else {}

    def _told_year(self) -> Period | None:
        year = self.sheet.told.get("fiscal_year", "")
        return self.calendar.year(int(year)) if year.isdigit() else None

    def _has_amounts(self, at: int, periods: dict[int, Period]) -> bool:
        for row in self.grid.rows[at + 1 :]:
            for column in periods:
                if column < len(row) and isinstance(amount(row[column], self.mapping.decimal), Decimal):
                    return min(periods) > 0
        return False

    def _take(self, number: int, row: list[Cell]) -> None:
        cells = {column: amount(row[column], self.mapping.decimal) for column in self.periods if column < len(row)}
        shown = {column: cell for column, cell in cells.items() if cell is not None}
        label = next((_text(row[column]) for column in self.labels if column < len(row) and _text(row[column])), "")
        if not shown:
            if label and not self._is_computed(label):
                self._begin(label, number)
            return
        if _is_share(label, shown):
            return
        self.sheet.texts[number] = ", ".join([label, *(_told(cell) for cell in shown.values())])
        if not label:
            self.sheet.wrong(number, "has amounts and no name")
            return
        total = _TOTAL.fullmatch(label)
        if total is not None and self._ends(label, (total["name"] or total["last"] or "").strip(), number, shown):
            return
        if self._is_computed(label):
            return
        self._category(label, number, row, shown)

    def _is_computed(self, label: str) -> bool:
        """Whether a row is made of others: the mapping says so, or it is called so and stands outside of all classes."""
        outside = not any(each.rows for each in self.open)
        return any(fits(pattern, label) for pattern in self.rule.computed) or (outside and bool(_COMPUTED.fullmatch(label)))

    def _begin(self, label: str, number: int) -> None:
        if not self.rule.totals:
            self.open.clear()
        self.open.append(_Class(label, number))

    def _ends(self, label: str, name: str, number: int, shown: Mapping[int, Cell]) -> bool:
        """Whether a row is the total of an open class, or a total outside of all: then it is no category."""
        if not name and self.open:
            name = self.open[-1].name
        place = next((at for at in reversed(range(len(self.open))) if self.open[at].name.casefold() == name.casefold()), None)
        if place is None:
            if self.open and self.rule.totals and any(each.rows for each in self.open):
                self.sheet.wrong(number, f"'{label}' is the total of no class that is open ({self.open[-1].name})")
            return True
        closed, inner = self.open[place], self.open[place + 1 :]
        for each in inner:  # what looked like a class was a category without amounts
            for row in each.rows:
                row.of = closed
            closed.rows += each.rows
        del self.open[place:]
        for column in self.periods if self.rule.totals else ():
            self._hold(closed, number, column, shown.get(column))
        if self.open:  # a class within a class is part of it
            self.open[-1].rows += closed.rows
        return True

    def _hold(self, closed: _Class, number: int, column: int, cell: Cell) -> None:
        found = sum((row.amounts.get(column, Decimal(0)) for row in closed.rows), Decimal(0))
        heading = _told_period(self.periods[column])
        if isinstance(cell, Decimal | None):
            self.sheet.totals += cell is not None
            if abs(found - (cell or Decimal(0))) > self.mapping.slack:
                told = f"adds up to {_plain(found)} in {heading}, but its total says {'nothing' if cell is None else _plain(cell)}"
                self.sheet.wrong(number, f"the class '{closed.name}' {told}")
        else:
            self.sheet.wrong(number, f"the total of '{closed.name}' in {heading} is {_told(cell)}, not an amount")

    def _category(self, label: str, number: int, row: list[Cell], shown: Mapping[int, Cell]) -> None:
        told = {name: _text(row[column]) for name, column in self.columns.items() if column < len(row) and _text(row[column])}
        for column, cell in shown.items():
            if not isinstance(cell, Decimal):
                self.sheet.wrong(number, f"'{label}' has {_told(cell)} in {_told_period(self.periods[column])}, not an amount")
        category = self.split(label, told)
        class_name = told.pop("class", "")
        if class_name and not any(each.name == class_name for each in self.open):
            self.open.append(_Class(class_name, number))
        if not self.open:
            self.sheet.wrong(number, f"'{label}' stands in no class; if it is computed from others, name it in computed")
            return
        of = self.open[-1]
        amounts = {column: cell for column, cell in shown.items() if isinstance(cell, Decimal)}
        made = _Row(number, told.pop("category", category), told.pop("account_code", ""), told, amounts, of)
        of.rows.append(made)
        self.rows.append(made)

    def _lines(self, row: _Row) -> None:
        """The amounts of a category: those of the shortest periods; longer ones are held to them, or stand where there are none."""
        kept: list[tuple[Period, int, Decimal]] = []
        for column in sorted(row.amounts, key=lambda each: self.periods[each]):
            whole, value = self.periods[column], row.amounts[column]
            parts = [part for inner, _, part in kept if whole.holds(inner)]
            if not parts:
                kept.append((whole, column, value))
                continue
            self.sheet.totals += 1
            if abs(sum(parts) - value) > self.mapping.slack:
                sums = (
                    f"adds up to {_plain(sum(parts, Decimal(0)))} over {_told_period(whole)}, but that column says {_plain(value)}"
                )
                self.sheet.wrong(row.number, f"'{row.category}' {sums}")
        code = {"account_code": row.account_code} if row.account_code else {}
        told = {**self.sheet.told, **row.told, **code}
        self.sheet.lines += [Line(row.number, column, told, row.of.name, row.category, span, value) for span, column, value in kept]


class _List(_Reading):
    """One amount in each row."""

    def read(self) -> None:
        wanted = {name: heading.casefold() for name, heading in self.rule.columns.items()}
        rows = [
            {_text(cell).casefold(): column for column, cell in enumerate(row) if _text(cell)}
            for row in self.grid.rows[:_HEADINGS_WITHIN]
        ]
        at = next((at for at, headings in enumerate(rows) if {wanted["period"], wanted["amount"]} <= headings.keys()), None)
        if at is None:
            self.sheet.wrong(0, f"has no row with the headings {self.rule.columns['period']} and {self.rule.columns['amount']}")
            return
        headings = rows[at]
        if missing := [self.rule.columns[name] for name, heading in wanted.items() if heading not in headings]:
            self.sheet.wrong(at + 1, f"has no column '{missing[0]}'")
            return
        self.titles(at)
        self.columns = {name: headings[heading] for name, heading in wanted.items()}
        self.sums: dict[tuple[str, ...], Decimal] = {}
        self.told_totals: dict[tuple[str, ...], tuple[int, Decimal]] = {}
        for number, cells in self.rows_from(at + 1):
            self._take(number, cells)
        self._hold()

    def _take(self, number: int, row: list[Cell]) -> None:
        cells = {name: row[column] if column < len(row) else None for name, column in self.columns.items()}
        told = {name: _text(cell) for name, cell in cells.items() if name not in {"period", "amount"} and _text(cell)}
        value = amount(cells["amount"], self.mapping.decimal)
        label = told.get("category", "")
        if value is None and not label:
            return
        self.sheet.texts[number] = ", ".join(_told(cell) for cell in row if _shows(cell))
        told = {**self.sheet.told, **told}
        if isinstance(value, Share) or _SHARE.search(label):
            return
        span = period(cells["period"], self.calendar, self._year(told))
        if not isinstance(value, Decimal) or span is None:
            odd = f"its amount is {_told(value)}" if not isinstance(value, Decimal) else f"its period is {_told(cells['period'])}"
            self.sheet.wrong(number, f"'{label}': {odd}")
            return
        total = _TOTAL.fullmatch(label)
        class_name = told.get("class", "") or (((total["name"] or total["last"] or "").strip()) if total else "")
        key = (
            *(told.get(name, "") for name in ("company", "scenario", "statement", "department")),
            class_name,
            str(span.first_day),
        )
        if total is not None:
            self.told_totals[*key, span.span] = (number, value)
            return
        if any(fits(pattern, label) for pattern in self.rule.computed):
            return
        if not label or not class_name:
            self.sheet.wrong(number, f"has no {'class' if label else 'category'}")
            return
        self.sums[*key, span.span] = self.sums.get((*key, span.span), Decimal(0)) + value
        category = self.split(label, told)
        told.pop("class", None)
        self.sheet.lines.append(Line(number, self.columns["amount"], told, class_name, category, span, value))

    def _year(self, told: Mapping[str, str]) -> Period | None:
        year = told.get("fiscal_year", "")
        return self.calendar.year(int(year)) if year.isdigit() else None

    def _hold(self) -> None:
        classes = {key[4] for key in self.sums}
        for key, (number, value) in self.told_totals.items():
            found = self.sums.get(key)
            if found is None and key[4] not in classes:
                continue  # the total of several classes, or of all
            self.sheet.totals += 1
            if abs((found or Decimal(0)) - value) > self.mapping.slack:
                told = f"adds up to {_plain(found or Decimal(0))} in {key[5][:7]}, but its total says {_plain(value)}"
                self.sheet.wrong(number, f"the class '{key[4]}' {told}")
        if self.rule.totals:
            for key in self.sums.keys() - self.told_totals.keys():
                self.sheet.wrong(0, f"the class '{key[4]}' has no total in {key[5][:7]}")


def _shows(cell: Cell) -> bool:
    return cell is not None and not (isinstance(cell, str) and not cell.strip())


def _text(cell: Cell) -> str:
    if isinstance(cell, Decimal):
        return _plain(cell)
    return " ".join(cell.split()) if isinstance(cell, str) else ""


def _title(cell: Cell) -> str:
    return cell.isoformat() if isinstance(cell, date) else _text(cell)


def _is_named(cell: Cell) -> bool:
    """Whether a heading is no mere number."""
    return isinstance(cell, date) or (isinstance(cell, str) and not cell.strip().isdigit())


def _is_share(label: str, shown: Mapping[int, Cell]) -> bool:
    """Whether a row shows percentages: by its name, its format, or its text."""
    if _SHARE.search(label):
        return True
    shares = sum(isinstance(cell, Share) for cell in shown.values())
    faults = sum(isinstance(cell, Fault) for cell in shown.values())  # a share of nothing
    return shares > 0 and shares + faults == len(shown)


def _plain(number: Decimal) -> str:
    return f"{number:f}".rstrip("0").rstrip(".") if "." in f"{number:f}" else f"{number:f}"


def _told(cell: Cell) -> str:
    if isinstance(cell, Share):
        return "a percentage"
    if isinstance(cell, Fault):
        return cell.text
    return _plain(cell) if isinstance(cell, Decimal) else "nothing" if cell is None else f"'{str(cell)[:60]}'"


def _told_period(each: Period) -> str:
    return f"{each.first_day:%Y-%m}" if each.months == 1 else f"the {each.span} from {each.first_day:%Y-%m}"
