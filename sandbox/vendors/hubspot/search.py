"""The search of the CRM: filter groups, a sort and a text become a condition and an order of SQL, with the vendor's limits."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

import msgspec

from sandbox.vendors.hubspot.objects import ObjectType, Property
from sandbox.vendors.hubspot.replies import Refusal

LARGEST_PAGE = 200
REACH = 10_000
INDEX_LAG = timedelta(seconds=30)
"""How long after its change an object is found; lists and single reads show it at once."""
_GROUPS, _FILTERS, _FILTERS_IN_ALL, _QUERY_LENGTH = 5, 6, 18, 3000
_COMPARISONS: Mapping[str, str] = {"EQ": "=", "NEQ": "<>", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_OPERATORS = (*_COMPARISONS, "BETWEEN", "IN", "NOT_IN", "HAS_PROPERTY", "NOT_HAS_PROPERTY", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN")


class Filter(msgspec.Struct):
    """One condition; which of the values is needed depends on the operator."""

    propertyName: str = ""  # noqa: N815  (the vendor's spelling)
    operator: str = ""
    value: str | int | float | bool | None = None
    highValue: str | int | float | None = None  # noqa: N815
    values: list[str | int | float] | None = None


class FilterGroup(msgspec.Struct):
    """Filters that must all hold; of several groups one must."""

    filters: list[Filter] = []


class Sort(msgspec.Struct):
    """The order of the results."""

    propertyName: str  # noqa: N815
    direction: str = "ASCENDING"


class Search(msgspec.Struct):
    """The body of a search."""

    filterGroups: list[FilterGroup] = []  # noqa: N815
    filters: list[Filter] = []
    sorts: list[Sort | str] = []
    query: str | None = None
    properties: list[str] | None = None
    limit: int | str | None = None
    after: int | str | None = None


def condition(kind: ObjectType, search: Search, horizon: datetime) -> tuple[str, list[object]]:
    """SQL for what a search at ``horizon`` finds: a condition and its values. Raises Refusal for what the vendor refuses."""
    groups = [*search.filterGroups, *([FilterGroup(search.filters)] if search.filters else [])]
    sizes = [len(group.filters) for group in groups]
    if len(groups) > _GROUPS or any(size > _FILTERS for size in sizes) or sum(sizes) > _FILTERS_IN_ALL:
        raise Refusal(
            400, f"Too many filters: at most {_GROUPS} groups of {_FILTERS} filters, {_FILTERS_IN_ALL} in total, are allowed"
        )
    values: list[object] = [(horizon - INDEX_LAG).astimezone(UTC).replace(tzinfo=None)]
    any_of = [" and ".join(_one(kind, each, values) for each in group.filters) for group in groups if group.filters]
    wanted = [f"({' or '.join(f'({one})' for one in any_of)})"] if any_of else []
    if search.query:
        if len(search.query) > _QUERY_LENGTH:
            raise Refusal(400, f"The query must not be longer than {_QUERY_LENGTH} characters")
        wanted.append("(" + " or ".join(f"contains(lower({name}), lower(?))" for name in kind.searchable) + ")")
        values += [search.query] * len(kind.searchable)
    return " and ".join(["archived_at is null and updated_at <= ?", *wanted]), values


def order(kind: ObjectType, search: Search) -> str:
    """SQL for the order: one property, then the id, so that pages fit together."""
    if len(search.sorts) > 1:
        raise Refusal(400, "Only one sort is allowed")
    if not search.sorts:
        return "id"
    first = search.sorts[0]
    sort = (
        first if isinstance(first, Sort) else Sort(first.removeprefix("-"), "DESCENDING" if first.startswith("-") else "ASCENDING")
    )
    if sort.direction not in {"ASCENDING", "DESCENDING"}:
        raise Refusal(
            400, f"Invalid input JSON on line 1, column 1: direction must be ASCENDING or DESCENDING, not {sort.direction}"
        )
    column = _property(kind, sort.propertyName).name
    return f'"{column}" {"desc" if sort.direction == "DESCENDING" else "asc"} nulls last, id'


def _property(kind: ObjectType, name: str) -> Property:
    known = kind.properties.get(name)
    if known is None:
        trouble = {"message": f"Property '{name}' does not exist for object type {kind.type_id}", "code": "PROPERTY_DOESNT_EXIST"}
        raise Refusal(400, "There was a problem with the request.", errors=[{**trouble, "context": {"propertyName": [name]}}])
    return known


def _one(kind: ObjectType, each: Filter, values: list[object]) -> str:
    if not each.propertyName or not each.operator:
        missing = [name for name in ("propertyName", "operator") if not getattr(each, name)]
        text = f"Cannot build Filter, some of required attributes are not set [{', '.join(missing)}]"
        raise Refusal(400, f"Invalid input JSON on line 1, column 1: {text}")
    if each.operator not in _OPERATORS:
        raise Refusal(
            400, f"Invalid input JSON on line 1, column 1: operator must be one of [{', '.join(_OPERATORS)}], not {each.operator}"
        )
    known = _property(kind, each.propertyName)
    column, read = (f'lower("{known.name}")', str.lower) if known.is_text else (f'"{known.name}"', str)
    if each.operator.endswith("HAS_PROPERTY"):
        return f"{column} is {'null' if each.operator.startswith('NOT') else 'not null'}"
    if each.operator.endswith("IN") and each.operator != "BETWEEN":
        # Of texts only lower-case values are found, as the vendor's index holds them so.
        wanted = [_value(known, str, one) for one in each.values or []]
        if not wanted:
            raise Refusal(400, f"operator {each.operator} requires values for property {known.name}")
        values += wanted
        return f"{column} {'not in' if each.operator == 'NOT_IN' else 'in'} ({', '.join('?' * len(wanted))})"
    if each.value is None:
        raise Refusal(400, f"operator {each.operator} requires a value for property {known.name}")
    if each.operator == "BETWEEN":
        if each.highValue is None:
            raise Refusal(400, f"operator BETWEEN requires a highValue for property {known.name}")
        values += [_value(known, read, each.value), _value(known, read, each.highValue)]
        return f"{column} between ? and ?"
    if each.operator.endswith("CONTAINS_TOKEN"):
        token = re.escape(str(each.value).lower()).replace(r"\*", r"[^\s]*")
        values.append(rf"(^|[^a-z0-9]){token}($|[^a-z0-9])")
        return f"{'not ' if each.operator.startswith('NOT') else ''}regexp_matches(lower({column}::varchar), ?)"
    values.append(_value(known, read, each.value))
    return f"{column} {_COMPARISONS[each.operator]} ?"


def _value(known: Property, read: Callable[[str], str], raw: object) -> object:
    """A filter's value in the type of its property; instants come as milliseconds since 1970 or as ISO text."""
    text = str(raw)
    try:
        if known.kind == "integer":
            return int(text)
        if known.kind == "decimal":
            return Decimal(text)
        if known.kind == "bool":
            return text.lower() == "true"
        if known.kind == "datetime":
            moment = datetime.fromtimestamp(int(text) / 1000, UTC) if text.lstrip("-").isdigit() else datetime.fromisoformat(text)
            return (moment.astimezone(UTC) if moment.tzinfo else moment).replace(tzinfo=None)
    except (ValueError, InvalidOperation, OverflowError):
        raise Refusal(400, f"Invalid value '{text}' for the {known.api_type} property {known.name}") from None
    return read(text)
