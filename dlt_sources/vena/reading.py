"""What of the model is new: its members as documents, and its cells, slice by slice, compared one by one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Protocol

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from dlt_sources.assembly import State
from dlt_sources.http import IncompleteRead, MalformedReply, Reply, SourceError
from dlt_sources.records import Archive
from dlt_sources.records.intake import Endpoint, Intake
from dlt_sources.records.known import KnownRows, recall
from dlt_sources.vena.records import BETWEEN, CELLS, DIMENSIONS, MEMBERS, Member
from dlt_sources.vena.wire import Asked, Sheet

VALUE = "Value"
_STATUS = frozenset({"created on", "locked"})
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_NONE = frozenset({"none", "undefined", "n/a"})
_YEAR = re.compile(r"(?<!\d)(\d{4})(?!\d)|^fy\s?'?(\d{2})$", re.IGNORECASE)
_PERIOD = re.compile(r"^(?:p|period|m|month)?\s?0?(\d{1,2})$|^([a-z]{3})[a-z]*\b", re.IGNORECASE)
_MQL_DIMENSION = re.compile(r"dimension\(\s*'([^']*)'", re.IGNORECASE)
_A_YEAR = 12
Slice = Mapping[str, str]
"""Dimension of the model -> its member."""


class Settings(Protocol):
    """The settings that readers look at."""

    @property
    def conditions(self) -> list[dict[str, Any]]:
        """Filters of every call, as JSON; none where they are an expression."""

    @property
    def expression(self) -> str:
        """Filters of every call, as an expression of the model query language."""

    @property
    def filter_style(self) -> str:
        """``json`` or ``mql``."""

    @property
    def sliced_by(self) -> tuple[str, ...]:
        """The dimensions, as the hub calls them, whose members are asked for one at a time."""

    @property
    def columns(self) -> Mapping[str, str]:
        """Names in the model -> the hub's."""

    @property
    def fiscal_year_end_month(self) -> int:
        """The month with which the years of the model end."""


@dataclass
class Session:
    """What the reading of one listing has at hand; ``seen`` is common to all of one run."""

    asked: Asked
    archive: Archive
    name: str
    settings: Settings
    seen: dict[str, tuple[Reply, list[msgspec.Raw]]] = field(default_factory=dict)

    def hierarchy(self) -> tuple[Reply, list[msgspec.Raw]]:
        """The members, as they were when this run first asked for them."""
        if "hierarchy" not in self.seen:
            self.seen["hierarchy"] = self.asked.hierarchy()
        return self.seen["hierarchy"]

    def intake(self, endpoint: Endpoint, known: dict[str, str] | None = None) -> Intake:
        """Takes in the pages of an endpoint."""
        return Intake(endpoint, connection_id=self.name, archive=self.archive, known=known)


def models(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """All models that are listed."""
    yield from session.intake(endpoint, state.setdefault("known", {})).whole([session.asked.models()])


def members(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """The members of all dimensions."""
    reply, rows = session.hierarchy()
    told = {dimension: coordinate_of(dimension, session.settings.columns) for dimension in _dimensions(rows)}
    around = {name: b'{"coordinate":' + msgspec.json.encode(coordinate) + b"," for name, coordinate in told.items()}
    marked = [msgspec.Raw(around.get(_dimension(row), b"{") + bytes(row).lstrip().removeprefix(b"{")) for row in rows]
    intake = session.intake(endpoint, state.setdefault("known", {}))
    yield from intake.whole([(reply, marked)], lambda key: tuple(key.split(BETWEEN)))


class _Placed(msgspec.Struct):
    dimension: str


def _dimension(row: msgspec.Raw) -> str:
    try:
        return msgspec.json.decode(row, type=_Placed).dimension
    except msgspec.DecodeError:  # set aside, with its reason
        return ""


def _dimensions(rows: Iterable[msgspec.Raw]) -> list[str]:
    return [name for name in dict.fromkeys(map(_dimension, rows)) if name]


def coordinate_of(dimension: str, columns: Mapping[str, str]) -> str | None:
    """The column of cells for a dimension, by its name in the model; None for one that the hub does not know."""
    return DIMENSIONS.get(columns.get(dimension, dimension))


def members_of(rows: Sequence[msgspec.Raw]) -> list[Member]:
    """The members of the hierarchy. Raises :class:`MalformedReply` where one cannot be read."""
    try:
        return [msgspec.json.decode(row, type=Member) for row in rows]
    except msgspec.DecodeError as trouble:
        raise MalformedReply(
            f"The hierarchy has a member that cannot be read ({trouble}), so that not every slice is known."
        ) from None


def refuse_unknown(found: Sequence[Member], settings: Settings) -> None:
    """Raise :class:`SourceError` for what nobody could add up or date.

    That is a dimension that the hub does not know and no filter keeps to one member, and a period whose alias is another month than its number.
    """
    pinned = {str(each.get("field")) for each in settings.conditions if "eq" in each} | set(_named(settings.expression))
    places: dict[str, str] = {}
    for dimension in dict.fromkeys(each.dimension for each in found):
        place = coordinate_of(dimension, settings.columns)
        if place is None and dimension not in pinned:
            raise SourceError(
                f"The model has the dimension '{dimension}', which the hub does not know: say in columns which of {', '.join(DIMENSIONS)} it is "
                "(Detail: its members add up), or keep it to one member by filters."
            )
        if place not in {None, "detail"} and places.setdefault(str(place), dimension) != dimension:
            raise SourceError(f"'{places[str(place)]}' and '{dimension}' of the model cannot both be {place}: mend columns.")
    for each in found:
        if coordinate_of(each.dimension, settings.columns) == "period" and each.alias:
            name = settings.columns.get(each.name, each.name)
            first, told = (month_of("2000", period, ending=settings.fiscal_year_end_month)[1] for period in (name, each.alias))
            if name.isdigit() and (each.alias[:3].lower() in _MONTHS) and first != told:
                raise SourceError(
                    f"The period '{each.name}' of the model is '{each.alias}', but {first} by fiscal_year_end_month = "
                    f"{settings.fiscal_year_end_month}: set it to the month with which the model's years end."
                )


def slices(found: Sequence[Member], settings: Settings) -> list[Slice]:
    """What is asked for in one walk each: the members at the bottom of the sliced dimensions, every one with every other.

    A dimension that the firm's own filters name is left to them.
    """
    taken = {str(each.get("field")) for each in settings.conditions} | set(_named(settings.expression))
    by_dimension: dict[str, list[str]] = {}
    for dimension in dict.fromkeys(each.dimension for each in found):
        if settings.columns.get(dimension, dimension) in settings.sliced_by and dimension not in taken:
            own = [each for each in found if each.dimension == dimension]
            parents = {each.parent for each in own}
            by_dimension[dimension] = list(dict.fromkeys(each.name for each in own if each.name not in parents))
    return [dict(zip(by_dimension, chosen, strict=True)) for chosen in itertools.product(*by_dimension.values())]


def asked_for(part: Slice, settings: Settings) -> dict[str, str]:
    """The parameters that ask for a slice."""
    if settings.filter_style == "mql":
        told = "".join(f" dimension('{dimension}':'{member}')" for dimension, member in part.items())
        whole = f"{settings.expression}{told}".strip()
        return {"filter": whole} if whole else {}
    conditions = [*settings.conditions, *({"field": dimension, "eq": member} for dimension, member in part.items())]
    return {"filters": msgspec.json.encode(conditions).decode()} if conditions else {}


def cells(session: Session, endpoint: Endpoint, state: State) -> Iterator[Any]:
    """The cells of all slices: what is new or changed, and what is no longer there."""
    _, rows = session.hierarchy()
    found = members_of(rows)
    refuse_unknown(found, session.settings)
    lost = f"Connection '{session.name}': what is known of its cells"
    known = KnownRows(recall(session.archive, state, lost=lost), every_key=True)
    intake = session.intake(endpoint)
    is_empty = True
    for part in slices(found, session.settings):
        for sheet in session.asked.pages(asked_for(part, session.settings)):
            if sheet.rows:
                is_empty = False
                yield from intake.take_arrow(sheet.reply, tidy(sheet, part, session.settings), known)
    nothing_left = (
        f"Connection '{session.name}': the model has no cell{f', and none of the {known.count:,} known ones is left' if known.count else ''}. "
        "Check the filters and the token's data permission; if the plans were moved, read the connection anew under another name."
    )
    if is_empty:
        raise IncompleteRead(nothing_left)
    yield from intake.settle(known, state, nothing_left=nothing_left)


def tidy(sheet: Sheet, part: Slice, settings: Settings) -> pa.RecordBatch:
    """The cells of a page, as columns of text.

    Raises :class:`SourceError` where the page holds what was not asked for, or lacks the values.
    """
    given = {name: pa.array(values, pa.string()) for name, values in zip(sheet.headers, sheet.columns, strict=True)}
    if VALUE not in given:
        raise SourceError(f"{sheet.reply.request} has no column '{VALUE}', but {', '.join(given)}.")
    asked = {str(each["field"]): each.get("in", [each.get("eq")]) for each in settings.conditions if {"in", "eq"} & each.keys()}
    for dimension, members in (asked | {dimension: [member] for dimension, member in part.items()}).items():
        if dimension not in given or not pc.all(pc.is_in(given[dimension], pa.array(map(str, members)))).as_py():
            raise SourceError(
                f"{sheet.reply.request} has cells of another {dimension} than {', '.join(map(str, members))}: Vena does not heed the filter. Try "
                'another filter_style, or leave filters and slice_by empty ("").'
            )
    values = given.pop(VALUE)
    nothing = pa.nulls(len(values), pa.string())
    sent, named = dict.fromkeys(DIMENSIONS.values(), nothing), dict.fromkeys(DIMENSIONS.values(), nothing)
    for dimension, column in given.items():
        name = coordinate_of(dimension, settings.columns)
        if name == "detail":
            sent[name] = named[name] = pc.binary_join_element_wise(sent[name], column, " | ", null_handling="skip")
        elif name is not None:
            sent[name], named[name] = column, _renamed(column, dimension, settings.columns)
    is_status = pc.is_in(pc.utf8_lower(named["account"]), pa.array(sorted(_STATUS)))
    years, months = _calendar(named["year"], named["period"], settings.fiscal_year_end_month)
    batch = pa.RecordBatch.from_pydict(
        {
            "cell_id": pc.binary_join_element_wise(*(column.fill_null("") for column in sent.values()), " | "),
            **named,
            "fiscal_year": years,
            "period_month": months,
            "value": values,
            "amount": pc.if_else(is_status, pa.scalar(None, pa.string()), values),
        }
    )
    return batch.filter(pc.and_(pc.is_valid(values), pc.not_equal(values.fill_null(""), "")))


def _renamed(column: pa.Array, dimension: str, columns: Mapping[str, str]) -> pa.Array:
    """Members by the hub's names; null where one stands for none."""
    none = _NONE | {f"no {dimension}".lower(), f"no {columns.get(dimension, dimension)}".lower()}
    coded = column.dictionary_encode()
    told = [columns.get(name, name) for name in coded.dictionary.to_pylist()]
    return pa.array([None if name.lower() in none else name for name in told], pa.string()).take(coded.indices)


def _calendar(years: pa.Array, periods: pa.Array, ending: int) -> tuple[pa.Array, pa.Array]:
    """The fiscal year and the month of each cell, as text; a month that cannot be read stays as it is, so that the row is set aside."""
    pairs = pc.binary_join_element_wise(years.fill_null(""), periods.fill_null(""), BETWEEN).dictionary_encode()
    read = [month_of(*pair.split(BETWEEN, 1), ending=ending) for pair in pairs.dictionary.to_pylist()]
    fiscal, first = (pa.array([each[at] for each in read], pa.string()).take(pairs.indices) for at in (0, 1))
    return fiscal, first


def month_of(year: str, period: str, *, ending: int) -> tuple[str | None, str | None]:
    """The fiscal year and the first day of a month by the names of year and period, in a calendar whose years end with ``ending``.

    Periods are numbers counted from the year's first month, or names of months.

    >>> month_of("2026", "1", ending=3), month_of("FY26", "P12", ending=3), month_of("2026", "April", ending=3)
    (('2026', '2025-04-01'), ('2026', '2026-03-01'), ('2026', '2025-04-01'))
    """
    told = _YEAR.search(year)
    if not year:
        return None, None
    number = int(told[1] or f"20{told[2]}") if told else None
    if not period:
        return None if number is None else str(number), None
    found = _PERIOD.match(period)
    if number is None or found is None:
        return None, f"{year} {period}"
    if found[1]:
        place = int(found[1])
        month = (ending + place - 1) % _A_YEAR + 1 if 1 <= place <= _A_YEAR else 0
    else:
        month = _MONTHS.index(found[2].lower()) + 1 if found[2].lower() in _MONTHS else 0
    if not month:
        return str(number), f"{year} {period}"
    return str(number), date(number - (month > ending), month, 1).isoformat()


def _named(expression: str) -> list[str]:
    return _MQL_DIMENSION.findall(expression)


READERS = {MEMBERS.name: members, CELLS.name: cells}
"""How each listing is read; models as they are."""
