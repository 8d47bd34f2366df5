"""The mapping: a TOML file that tells what the names, titles and columns of a firm's exports mean.

See ``example.toml`` in this folder, by which exports are read where a connection names no other. A wrong mapping is told in one sentence
before anything is read.
"""

from __future__ import annotations

import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from dlt_sources.http import SourceError

TOLD = (
    "company",
    "scenario",
    "kind",
    "fiscal_year",
    "created_on",
    "locked",
    "statement",
    "department",
    "class",
    "category",
    "account_code",
    "currency",
)
"""What names, titles, columns and constants may tell of a sheet or a row."""
COLUMNS = (*TOLD, "period", "amount")
MEASURES = {
    "amount": ("account",),
    "headcount": ("department", ""),
    "volume": ("product", ""),
    "price": ("product", ""),
    "revenue target": ("", "product", "channel"),
    "cac target": ("", "channel", "product"),
    "roi target": ("",),
    "quota": ("seller",),
}
"""What a class may measure, and what its categories may then be."""
METHODS = ("even", "last_year")
EXAMPLE = Path(__file__).with_name("example.toml")


class MappingError(SourceError):
    """The mapping file is wrong."""


class Measure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the classes whose name fits ``name`` measure, and of what: ``category`` is what the rows of the class are."""

    name: str
    measure: str
    category: str = ""


class SheetRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the sheets whose name fits ``name`` are read. ``name``, ``titles`` and ``category`` are regular expressions whose named groups tell.

    ``titles`` are looked for in the cells above the headings, each in the first that fits it and fits none before. ``columns`` gives the
    heading of what stands in a column of its own; where ``period`` and ``amount`` do, each row is one amount. ``totals`` False: the sheet
    has no totals to be held to.
    """

    name: str = ".*"
    read: bool = True
    values: dict[str, str] = {}
    titles: tuple[str, ...] = ()
    columns: dict[str, str] = {}
    category: str = ""
    computed: tuple[str, ...] = ()
    totals: bool = True

    @property
    def is_list(self) -> bool:
        """Whether each row is one amount."""
        return {"period", "amount"} <= self.columns.keys()


class FileRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the files whose name fits ``name`` are read."""

    name: str = ".*"
    values: dict[str, str] = {}
    sheets: tuple[SheetRule, ...] = ()


class PlanGuruMapping(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A mapping file. The first rule that fits a file, and then a sheet of it, holds.

    ``tolerance`` is by how much a total may differ from its parts, for exports that round what they show. ``phasing`` says how what is
    planned by quarter or year is spread over months: a category or account code -> the method, ``default`` for all others.
    """

    values: dict[str, str] = {}
    dates: str = "mdy"
    decimal: str = "."
    year_begins: int = 1
    tolerance: float = 0.0
    phasing: dict[str, str] = {}
    measures: tuple[Measure, ...] = ()
    files: tuple[FileRule, ...] = ()

    def measure(self, class_name: str) -> Measure | None:
        """What a class measures; None for one that the mapping does not know."""
        return next((each for each in self.measures if fits(each.name, class_name)), None)

    def method(self, category: str, account_code: str) -> str:
        """How a category that is planned by quarter or year is spread."""
        return self.phasing.get(account_code) or self.phasing.get(category) or self.phasing.get("default", METHODS[0])

    @property
    def slack(self) -> Decimal:
        """By how much a total may differ: half a cent and what is told."""
        return Decimal("0.005") + Decimal(repr(self.tolerance))


def fits(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern says, whatever its case."""
    return re.fullmatch(pattern, text, re.IGNORECASE) is not None


def told_by(pattern: str, text: str) -> dict[str, str] | None:
    """What the named groups of a pattern tell of a text that fits it."""
    found = re.fullmatch(pattern, text, re.IGNORECASE)
    return None if found is None else {name: value.strip() for name, value in found.groupdict().items() if value}


def read_mapping(path: Path) -> PlanGuruMapping:
    """Read and check a mapping file.

    Raises :class:`MappingError`.
    """
    try:
        mapping = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), type=PlanGuruMapping)
    except OSError as trouble:
        raise MappingError(f"The mapping {path} cannot be read: {trouble.strerror}; set 'mapping' to a TOML file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as trouble:
        raise MappingError(f"The mapping {path} is not valid TOML: {trouble}.") from None
    except msgspec.ValidationError as trouble:
        raise MappingError(f"The mapping {path}: {trouble}.") from None
    if wrong := _wrong(mapping):
        raise MappingError(f"The mapping {path}: {wrong}.")
    return mapping


def _wrong(mapping: PlanGuruMapping) -> str:
    """What is wrong with a mapping; empty if nothing is."""
    rules = [rule for file in mapping.files for rule in file.sheets]
    patterns = [
        *(file.name for file in mapping.files),
        *(pattern for rule in rules for pattern in (rule.name, *rule.titles, rule.category, *rule.computed)),
        *(each.name for each in mapping.measures),
    ]
    odd_method = next((method for method in mapping.phasing.values() if method not in METHODS), "")
    odd_value = _unknown([mapping.values, *(file.values for file in mapping.files), *(rule.values for rule in rules)], TOLD)
    odd_column = _unknown([rule.columns for rule in rules], COLUMNS)
    no_pattern = next((bad for pattern in patterns if (bad := _no_pattern(pattern))), "")
    no_measure = _no_measure(mapping)
    checks: tuple[tuple[Any, str], ...] = (
        (mapping.dates not in {"mdy", "dmy"}, "dates must be mdy or dmy"),
        (mapping.decimal not in {".", ","}, "decimal must be a point or a comma"),
        (not 1 <= mapping.year_begins <= 12, "year_begins must be a month, 1 to 12"),
        (not 0 <= mapping.tolerance < 1_000_000, "tolerance must not be negative"),
        (not rules, "has no [[files.sheets]]: it would read nothing"),
        (no_pattern, no_pattern),
        (odd_method, f"phasing knows {' and '.join(METHODS)}, not '{odd_method}'"),
        (odd_value, f"values do not know '{odd_value}'; they know {', '.join(TOLD)}"),
        (odd_column, f"columns do not know '{odd_column}'; they know {', '.join(COLUMNS)}"),
        (no_measure, no_measure),
    )
    return next((told for wrong, told in checks if wrong), "")


def _no_pattern(pattern: str) -> str:
    try:
        groups = re.compile(pattern).groupindex
    except re.error as trouble:
        return f"'{pattern}' is not a regular expression: {trouble}"
    odd = sorted(groups.keys() - set(TOLD))
    return f"'{pattern}' tells '{odd[0]}', which nobody asks for; known are {', '.join(TOLD)}" if odd else ""


def _unknown(given: list[dict[str, str]], known: tuple[str, ...]) -> str:
    return next((name for each in given for name in each if name not in known), "")


def _no_measure(mapping: PlanGuruMapping) -> str:
    for each in mapping.measures:
        if each.measure not in MEASURES:
            return f"'{each.measure}' is no measure; known are {', '.join(MEASURES)}"
        if each.category not in MEASURES[each.measure]:
            kinds = " or ".join(repr(kind) for kind in MEASURES[each.measure])
            return f"the category of {each.measure} must be {kinds}, not '{each.category}'"
    return ""
