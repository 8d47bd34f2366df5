"""Xero's ``where`` and ``order``: a small part of LINQ over the fields of documents, as a condition of SQLite over their JSON.

A field is named by its path (``Contact.Name``). Understood are comparisons with texts, numbers, ``true``, ``false``, ``null``,
``DateTime(2026,1,31)``, ``DateTime.Parse("2026-01-31")`` and ``Guid("...")``; ``StartsWith``, ``EndsWith`` and ``Contains``; ``ToLower()``
and ``ToUpper()``; ``AND``, ``OR``, ``!`` and parentheses.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<number>-?\d+(?:\.\d+)?)
      | (?P<name>[A-Za-z_]\w*(?:(?:\(\))?\.[A-Za-z_]\w*)*(?:\(\))?)
      | (?P<sign>==|!=|<>|>=|<=|&&|\|\||[=<>!(),])
    )""",
    re.VERBOSE,
)
_COLUMNS = {"status": "status", "type": "type", "contact.contactid": "contact_id"}
_ORDERS = {"updateddateutc": "updated_at", "date": "day"}
_COMPARED = {"==": "is", "=": "is", "!=": "is not", "<>": "is not", ">=": ">=", "<=": "<=", ">": ">", "<": "<"}
_JOINED = {"and": "and", "&&": "and", "or": "or", "||": "or"}
_SEARCHED: dict[str, Callable[[str], str]] = {
    "startswith": lambda text: f"instr({text}, ?) = 1",
    "contains": lambda text: f"instr({text}, ?) > 0",
    "endswith": lambda text: f"substr({text}, -length(?)) = ?",
}
_CONSTANTS: dict[str, object] = {"true": 1, "false": 0, "null": None}


class QueryParseError(ValueError):
    """A ``where`` or ``order`` that Xero would refuse."""


@dataclass(frozen=True)
class _Operand:
    """One side of a comparison: a field as SQL, or a value."""

    path: str = ""
    value: object = None
    shape: str = "{}"

    def sql(self, other: _Operand) -> str:
        """The field so that it compares with the other side; a moment is compared in milliseconds, the day of a document as it is."""
        if not self.path:
            return "?"
        lowered = self.path.lower()
        if isinstance(other.value, datetime):
            return "day" if lowered == "date" else f"cast(substr({_extracted(self.path)}, 7) as integer)"
        return self.shape.format(_COLUMNS.get(lowered, _extracted(self.path)))

    def bound(self, other: _Operand) -> list[object]:
        """What stands for its question mark."""
        if self.path:
            return []
        if isinstance(self.value, datetime):
            is_day = other.path.lower() == "date"
            return [self.value.date().isoformat() if is_day else int(self.value.timestamp()) * 1000]
        return [self.value]


@dataclass
class _Reader:
    """Reads a condition from its beginning; ``values`` are those of the question marks so far."""

    text: str
    tokens: list[tuple[str, str]]
    at: int = 0
    values: list[object] = field(default_factory=list)

    def any_of(self) -> str:
        """Conditions with AND and OR between; AND binds closer, as in SQL."""
        found = self.one()
        while self.peek().lower() in _JOINED:
            found = f"{found} {_JOINED[self.take().lower()]} {self.one()}"
        return found

    def one(self) -> str:
        """One condition."""
        if self.peek() == "!":
            self.take()
            return f"not {self.one()}"
        if self.peek() == "(":
            self.take()
            found = f"({self.any_of()})"
            self.expect(")")
            return found
        kind, name = self.ahead()
        path, _, method = name.rpartition(".")
        if kind == "name" and path and method.lower() in _SEARCHED:
            return self.search(path, method.lower())
        left = self.operand()
        if self.peek() not in _COMPARED:
            if not left.path:
                raise self.trouble()
            return f"({left.sql(left)} is 1)"
        sign = _COMPARED[self.take()]
        right = self.operand()
        self.values += [*left.bound(right), *right.bound(left)]
        return f"({left.sql(right)} {sign} {right.sql(left)})"

    def search(self, path: str, method: str) -> str:
        """``Name.StartsWith("A")``."""
        self.take()
        self.expect("(")
        wanted = self.operand()
        self.expect(")")
        if not isinstance(wanted.value, str):
            raise self.trouble()
        found = _SEARCHED[method](self.named(path).sql(wanted))
        self.values += [wanted.value] * found.count("?")
        return f"({found})"

    def operand(self) -> _Operand:
        """A field or a value."""
        kind, token = self.ahead()
        self.at += 1
        if kind == "text":
            return _Operand(value=_unquoted(token))
        if kind == "number":
            return _Operand(value=float(token) if "." in token else int(token))
        if kind != "name":
            raise self.trouble()
        if token.lower() in _CONSTANTS:
            return _Operand(value=_CONSTANTS[token.lower()])
        return self.call(token) if self.peek() == "(" else self.named(token)

    def named(self, token: str) -> _Operand:
        """A field, or what it is in lower or upper case."""
        for method in ("lower", "upper"):
            if token.lower().endswith(f".to{method}()"):
                return _Operand(token[: -len(".toLower()")], shape=f"{method}({{}})")
        if "(" in token:
            raise self.trouble()
        return _Operand(token)

    def call(self, name: str) -> _Operand:
        """``DateTime(...)``, ``DateTime.Parse(...)`` or ``Guid(...)``."""
        self.expect("(")
        given: list[object] = []
        while self.peek() != ")":
            given.append(self.operand().value)
            if self.peek() == ",":
                self.take()
        self.expect(")")
        try:
            if name == "DateTime":
                year, month, day, hour, minute, second, *_ = [int(str(part)) for part in given] + [0, 0, 0]
                return _Operand(value=datetime(year, month, day, hour, minute, second, tzinfo=UTC))
            if name == "DateTime.Parse":
                return _Operand(value=datetime.fromisoformat(str(given[0])).replace(tzinfo=UTC))
        except (ValueError, TypeError, IndexError):
            raise QueryParseError(f"'{name}({', '.join(map(str, given))})' is not a date") from None
        if name == "Guid" and len(given) == 1:
            return _Operand(value=str(given[0]).lower())
        raise self.trouble()

    def ahead(self) -> tuple[str, str]:
        """Kind and text of the next token, empty at the end."""
        return self.tokens[self.at] if self.at < len(self.tokens) else ("", "")

    def peek(self) -> str:
        """The text of the next token."""
        return self.ahead()[1]

    def take(self) -> str:
        """The next token, gone past."""
        token = self.peek()
        self.at += 1
        return token

    def expect(self, sign: str) -> None:
        """Go past a sign that must come."""
        if self.peek() != sign:
            raise self.trouble()
        self.at += 1

    def trouble(self) -> QueryParseError:
        """That what stands here cannot be read."""
        return QueryParseError(f"'{self.text}' is not a condition this query understands")


def condition(text: str) -> tuple[str, list[object]]:
    """A ``where`` as a condition of SQL, with the values of its question marks.

    Raises :class:`QueryParseError`.
    """
    reader, at = _Reader(text, []), 0
    while text[at:].strip():
        found = _TOKEN.match(text, at)
        if found is None:
            raise reader.trouble()
        kind = str(found.lastgroup)
        reader.tokens.append((kind, found[kind]))
        at = found.end()
    sql = reader.any_of()
    if reader.at < len(reader.tokens):
        raise reader.trouble()
    return f"({sql})", reader.values


def ordering(text: str | None) -> str:
    """An ``order`` as SQL, with the id last so that pages do not overlap.

    Raises :class:`QueryParseError`.
    """
    parts = []
    for part in (text or "UpdatedDateUTC").split(","):
        path, _, direction = part.strip().partition(" ")
        if not re.fullmatch(r"[A-Za-z]\w*(\.[A-Za-z]\w*)*", path) or direction.strip().upper() not in {"", "ASC", "DESC"}:
            raise QueryParseError(f"cannot order by '{text}'")
        parts.append(f"{_ORDERS.get(path.lower(), _extracted(path))} {direction.strip() or 'ASC'}")
    return ", ".join([*parts, "id"])


def _extracted(path: str) -> str:
    return f"json_extract(cast(summary as text), '$.{path}')"


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])
