"""Filters of intersections: JSON as in ``filters``, or the model query language as in ``filter``, one of a dimension each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from sandbox.vendors.vena.replies import Refusal

_MQL = re.compile(r"\s*dimension\(\s*'([^']*)'\s*:\s*'([^']*)'\s*\)", re.IGNORECASE)


@dataclass(frozen=True)
class Members:
    """The members of the dimensions: name -> the members at the bottom of it, by dimension. One at the bottom has itself."""

    below: Mapping[str, Mapping[str, frozenset[str]]]

    def of(self, dimension: str) -> Mapping[str, frozenset[str]]:
        """Those of one dimension."""
        if dimension not in self.below:
            raise Refusal(400, f"The '{dimension}' dimension in the filters parameter is invalid.")
        return self.below[dimension]

    def bottom(self, dimension: str, name: object, expression: str) -> frozenset[str]:
        """The members at the bottom of one."""
        found = self.of(dimension).get(str(name))
        if found is None:
            text = f"There's no member to match the value '{name}' in the dimension."
            raise Refusal(400, f"The '{expression}' filter for the field '{dimension}' is invalid. {text}")
        return found


def members_of(rows: list[dict[str, Any]]) -> Members:
    """The members from the rows of the hierarchy."""
    children: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        children.setdefault((row["dimension"], row["parent"]), []).append(row["name"])

    def bottom(dimension: str, name: str) -> frozenset[str]:
        below = children.get((dimension, name))
        return frozenset().union(*(bottom(dimension, each) for each in below)) if below else frozenset({name})

    found: dict[str, dict[str, frozenset[str]]] = {}
    for row in rows:
        found.setdefault(row["dimension"], {})[row["name"]] = bottom(row["dimension"], row["name"])
    return Members(found)


def wanted(query: Mapping[str, str], members: Members) -> dict[str, frozenset[str]]:
    """By dimension the members that intersections must have. ``eq`` and ``in`` of a parent find nothing: values stand at the bottom."""
    chosen: dict[str, frozenset[str]] = {}
    for dimension, found in [*_json(query.get("filters", ""), members), *_mql(query.get("filter", ""), members)]:
        if dimension in chosen:
            raise Refusal(400, f'Each dimension can only appear once in a query, trying using In filter for: "{dimension}".')
        chosen[dimension] = found
    return chosen


def _json(text: str, members: Members) -> list[tuple[str, frozenset[str]]]:
    if not text:
        return []
    try:
        told = msgspec.json.decode(text, type=list[dict[str, Any]])
    except msgspec.DecodeError as trouble:
        raise Refusal(400, f"Unable to parse provided filters as JSON because: {trouble}.") from None
    found = []
    for each in told:
        dimension = str(each.get("field", ""))
        match {key: value for key, value in each.items() if key != "field"}:
            case {"eq": str() as name, **rest} if not rest:
                found.append((dimension, members.bottom(dimension, name, "eq") & {name}))
            case {"in": [*names], **rest} if not rest:
                bottom = [members.bottom(dimension, name, "in") & {str(name)} for name in names]
                found.append((dimension, frozenset().union(*bottom)))
            case {"mx": {"bottomLevel": {"name": str() as name}}, **rest} if not rest:
                found.append((dimension, members.bottom(dimension, name, "mx")))
            case _:
                raise Refusal(400, f"The filter for the field '{dimension}' is invalid.")
    return found


def _mql(text: str, members: Members) -> list[tuple[str, frozenset[str]]]:
    found = []
    while text.strip():
        match = _MQL.match(text)
        if match is None:
            raise Refusal(400, f"Unable to parse provided filter because: '{text.strip()[:40]}' is no dimension expression.")
        names = {dimension.lower(): dimension for dimension in members.below}
        dimension = names.get(match[1].lower(), match[1])
        found.append((dimension, members.bottom(dimension, match[2], "dimension")))
        text = text[match.end() :]
    return found
