"""The filter grammar: ``$filter`` of OData v2 (and of v4, where only literals differ) to a condition in SQL."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.vendors.sap.model import EntitySet, Property

Column = Callable[[Property], str]

_TOKENS = re.compile(
    r"\s*(?:(?P<typed>(?:datetimeoffset|datetime|time|guid)'[^']*')|(?P<string>'(?:[^']|'')*')"
    r"|(?P<moment>\d{4}-\d\d-\d\d(?:T[\d:.]+(?:Z|[+-]\d\d:\d\d)?)?)|(?P<number>-?\d+(?:\.\d+)?[MmLlDdFf]?)"
    r"|(?P<word>[A-Za-z_][\w/]*)|(?P<mark>[(),]))"
)
_OPERATORS = {"eq": "=", "ne": "<>", "gt": ">", "ge": ">=", "lt": "<", "le": "<="}
_FUNCTIONS = frozenset({"substringof", "startswith", "endswith", "contains"})
_FITS = {"S": {"S"}, "D": {"D"}, "DT": {"DT"}, "DTO": {"DTO"}, "B": {"B"}, "T": {"T"}, "G": {"G", "S"}}
_SQL = {"DT": "date", "DTO": "timestamp", "T": "time", "D": "decimal(38, 12)"}
_TIME = re.compile(r"^PT(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?$")


class QueryError(Exception):
    """A query that the gateway refuses, with its status and code."""

    def __init__(self, text: str, *, status: int = 400, code: str = "005056A509B11EE1B9A8FEC11C23378E") -> None:
        super().__init__(text)
        self.text = text
        self.status = status
        self.code = code


@dataclass(frozen=True)
class _Operand:
    kind: str
    sql: str
    value: Any = None
    is_literal: bool = False


def property_of(entity: EntitySet, name: str, namespace: str) -> Property:
    """A property by name, or the vendor's refusal."""
    try:
        return entity.properties[name]
    except KeyError:
        raise QueryError(f"Property '{name}' not found in type '{namespace}.{entity.type_name}'") from None


class Filter:
    """Reads one filter: recursive descent over ``or``, ``and``, ``not``, comparisons and string functions."""

    def __init__(self, entity: EntitySet, namespace: str, column: Column, text: str) -> None:
        self._entity = entity
        self._namespace = namespace
        self._column = column
        self._tokens = _tokens(text)
        self._at = 0
        self.values: list[Any] = []
        self.sql = self._either()
        if self._at != len(self._tokens):
            raise self._unexpected()

    def _either(self) -> str:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else f"({' or '.join(parts)})"

    def _both(self) -> str:
        parts = [self._term()]
        while self._take("and"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else f"({' and '.join(parts)})"

    def _term(self) -> str:
        if self._take("not"):
            return f"not ({self._term()})"
        if self._take("("):
            inner = self._either()
            self._expect(")")
            return inner
        kind, text = self._peek()
        if kind == "word" and text in _FUNCTIONS:
            condition = self._function()
            if self._take("eq"):
                return condition if self._truth() else f"not ({condition})"
            return condition
        return self._comparison()

    def _comparison(self) -> str:
        left = self._operand()
        kind, word = self._peek()
        if kind != "word" or word not in _OPERATORS:
            raise self._unexpected()
        self._at += 1
        right = self._operand()
        if left.is_literal and right.is_literal:
            raise QueryError("Invalid expression: a comparison needs a property", code="005056A509B11EE1B9A8FEC11C22D78E")
        if "null" in {left.kind, right.kind}:
            known = left if right.kind == "null" else right
            return f"{known.sql} is {'' if word == 'eq' else 'not '}null"
        if right.kind not in _FITS[left.kind] and left.kind not in _FITS[right.kind]:
            raise QueryError(
                f"Invalid parametertype used at function '{word}' (Position: {self._at})", code="005056A509B11EE1B9A8FEC11C22D78E"
            )
        sql = []
        for side, other in ((left, right), (right, left)):
            if side.is_literal:
                self.values.append(side.value)
                sql.append(f"?::{_SQL[other.kind]}" if other.kind in _SQL else "?")
            else:
                sql.append(side.sql)
        return f"{sql[0]} {_OPERATORS[word]} {sql[1]}"

    def _function(self) -> str:
        name = self._peek()[1]
        self._at += 1
        self._expect("(")
        first = self._operand()
        self._expect(",")
        second = self._operand()
        self._expect(")")
        text, part = (second, first) if name == "substringof" else (first, second)
        if text.is_literal or not part.is_literal or text.kind != "S" or part.kind != "S":
            raise QueryError(f"Invalid parametertype used at function '{name}'", code="005056A509B11EE1B9A8FEC11C22D78E")
        self.values.append(part.value)
        return {"startswith": "starts_with", "endswith": "suffix"}.get(name, "contains") + f"({text.sql}, ?)"

    def _truth(self) -> bool:
        kind, word = self._peek()
        if kind != "word" or word not in {"true", "false"}:
            raise self._unexpected()
        self._at += 1
        return word == "true"

    def _operand(self) -> _Operand:
        kind, text = self._peek()
        self._at += 1
        if kind == "word" and text in {"true", "false"}:
            return _Operand("B", "", text == "true", is_literal=True)
        if kind == "word" and text == "null":
            return _Operand("null", "")
        if kind == "word":
            prop = property_of(self._entity, text, self._namespace)
            if not prop.filterable:
                raise QueryError(f"Filtering by property '{text}' is not supported", code="/IWBEP/CM_MGW_RT/176")
            return _Operand(prop.kind, self._column(prop))
        if kind == "mark" or kind == "":
            self._at -= 1
            raise self._unexpected()
        return literal(kind, text)

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._at] if self._at < len(self._tokens) else ("", "")

    def _take(self, text: str) -> bool:
        if self._peek() in {("word", text), ("mark", text)}:
            self._at += 1
            return True
        return False

    def _expect(self, mark: str) -> None:
        if not self._take(mark):
            raise self._unexpected()

    def _unexpected(self) -> QueryError:
        return QueryError(
            f"Syntax error at position {self._at} of the filter: '{self._peek()[1]}'", code="005056A509B11EE1B9A8FEC11C21D78E"
        )


def _tokens(text: str) -> list[tuple[str, str]]:
    found, at = [], 0
    text = text.strip()
    while at < len(text):
        match = _TOKENS.match(text, at)
        if match is None:
            raise QueryError(f"Invalid token in the filter at position {at}", code="005056A509B11EE1B9A8FEC11C21D78E")
        found.append((str(match.lastgroup), match[str(match.lastgroup)]))
        at = match.end()
    return found


def literal(kind: str, text: str) -> _Operand:
    """A literal of a filter or of a key: its kind and value."""
    if kind == "string":
        return _Operand("S", "", text[1:-1].replace("''", "'"), is_literal=True)
    if kind == "number":
        return _Operand("D", "", text.rstrip("MmLlDdFf"), is_literal=True)
    if kind == "moment":
        return _moment("DTO" if "T" in text else "DT", text)
    name, value = text[:-1].split("'", 1)
    if name == "time":
        match = _TIME.match(value)
        if match is None:
            raise QueryError(f"Invalid time literal '{value}'")
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        return _Operand("T", "", f"{hours:02}:{minutes:02}:{seconds:02}", is_literal=True)
    if name == "guid":
        return _Operand("G", "", value, is_literal=True)
    return _moment("DT" if name == "datetime" else "DTO", value)


def _moment(kind: str, text: str) -> _Operand:
    """A day, or a moment in UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise QueryError(f"Invalid literal '{text}'", code="005056A509B11EE1B9A8FEC11C22D78E") from None
    if moment.tzinfo is not None:
        moment = moment.astimezone(UTC).replace(tzinfo=None)
    return _Operand(kind, "", moment.date() if kind == "DT" else moment, is_literal=True)


def key_values(entity: EntitySet, text: str) -> dict[str, Any]:
    """The values of a key predicate: ``'X'`` or ``A='X',B=datetime'...'``."""
    values: dict[str, Any] = {}
    for position, part in enumerate(re.split(r",(?=(?:[^']*'[^']*')*[^']*$)", text)):
        name, _, value = part.partition("=") if re.match(r"^\w+=", part) else (entity.key[position], "", part)
        tokens = _tokens(value)
        if name not in entity.key or len(tokens) != 1 or tokens[0][0] in {"word", "mark"}:
            raise QueryError(f"Invalid key predicate '{text}'", code="005056A509B11EE1B9A8FEC11C21578E")
        values[name] = literal(*tokens[0]).value
    if values.keys() != set(entity.key):
        raise QueryError(
            f"Invalid key predicate '{text}': the number of key values is wrong", code="005056A509B11EE1B9A8FEC11C21578E"
        )
    return values
