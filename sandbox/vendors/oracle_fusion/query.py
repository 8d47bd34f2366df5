"""``q``, ``finder``, ``orderBy`` and ``fields``: Fusion's query parameters, translated to SQL with bound values.

Framework 1 knows conditions joined by semicolons and ``LIKE 'AB*'``; from 2 on there are and, or, parentheses, IN, BETWEEN and
IS NULL. What a framework does not know is refused, as unknown and unqueryable attributes are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^']|'')*'|"[^"]*") | (?P<number>-?\d+(?:\.\d+)?(?![\w-])) |
        (?P<operator><=|>=|<>|!=|=|<|>) | (?P<mark>[(),;]) | (?P<word>[^\s'"<>=!(),;]+)
    )""",
    re.VERBOSE,
)
_COMPARISONS = {"=": "=", "<>": "<>", "!=": "<>", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_RICHER = 2


class Refusal(ValueError):
    """A parameter that the server answers with 400."""


@dataclass
class Condition:
    """SQL with its values."""

    sql: str = "true"
    values: list[object] = field(default_factory=list)

    def also(self, sql: str, *values: object) -> None:
        """And-join another one."""
        self.sql = f"{self.sql} and {sql}"
        self.values += values


def parse_q(text: str, columns: Mapping[str, str], unqueryable: frozenset[str], framework: int) -> Condition:
    """The ``q`` parameter. ``columns`` maps attributes to SQL types. Raises :class:`Refusal`."""
    tokens: list[tuple[str, str]] = []
    at = 0
    while at < len(text.rstrip()):
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise Refusal(f"URL request parameter q with value {text} is not valid.")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        at = match.end()
    parser = _Parser(tokens, text, columns, unqueryable, framework)
    sql = parser.expression() if framework >= _RICHER else parser.conditions()
    if parser.left():
        raise parser.invalid()
    return Condition(sql, parser.values)


@dataclass
class _Parser:
    tokens: list[tuple[str, str]]
    text: str
    columns: Mapping[str, str]
    unqueryable: frozenset[str]
    framework: int
    at: int = 0
    values: list[object] = field(default_factory=list)

    def left(self) -> bool:
        return self.at < len(self.tokens)

    def invalid(self) -> Refusal:
        return Refusal(f"URL request parameter q with value {self.text} is not valid.")

    def conditions(self) -> str:
        """Framework 1: conditions joined by semicolons."""
        parts = [self.condition()]
        while self.takes("mark", ";"):
            if self.left():
                parts.append(self.condition())
        return " and ".join(parts)

    def expression(self) -> str:
        parts = [self.both()]
        while self.takes_word("or"):
            parts.append(self.both())
        return f"({' or '.join(parts)})"

    def both(self) -> str:
        parts = [self.factor()]
        while self.takes_word("and"):
            parts.append(self.factor())
        return f"({' and '.join(parts)})"

    def factor(self) -> str:
        if self.takes_word("not"):
            return f"not {self.factor()}"
        if self.takes("mark", "("):
            inner = self.expression()
            self.needs("mark", ")")
            return inner
        return self.condition()

    def condition(self) -> str:
        kind, attribute = self.next()
        if kind != "word":
            raise self.invalid()
        if attribute not in self.columns or attribute.startswith("$"):
            raise Refusal(f"URL request parameter q with value {self.text} is not valid: attribute {attribute} was not found.")
        if attribute in self.unqueryable:
            raise Refusal(f"URL request parameter q with value {self.text} is not valid: attribute {attribute} is not queryable.")
        kind, operator = self.next()
        if kind == "operator":
            return f'"{attribute}" {_COMPARISONS[operator]} {self.value(attribute)}'
        negated = operator.lower() == "not"
        word = self.next()[1].lower() if negated else operator.lower()
        return self.worded(attribute, word, "not " if negated else "")

    def worded(self, attribute: str, word: str, prefix: str) -> str:
        """Conditions that are spelled: only LIKE is known to framework 1."""
        column = f'"{attribute}"'
        if word == "like":
            self.values.append(self.literal().replace("*", "%"))
            return f"{column}::varchar {prefix}like ?"
        if self.framework < _RICHER:
            raise self.invalid()
        if word == "is":
            negation = "not " if self.takes_word("not") else ""
            self.needs_word("null")
            return f"{column} is {negation}null"
        if word == "in":
            self.needs("mark", "(")
            places = [self.value(attribute)]
            while self.takes("mark", ","):
                places.append(self.value(attribute))
            self.needs("mark", ")")
            return f"{column} {prefix}in ({', '.join(places)})"
        if word == "between":
            low = self.value(attribute)
            self.needs_word("and")
            return f"{column} {prefix}between {low} and {self.value(attribute)}"
        raise self.invalid()

    def value(self, attribute: str) -> str:
        """A placeholder cast to the attribute's type; moments may have an offset."""
        self.values.append(self.literal())
        kind = self.columns[attribute]
        if kind == "TIMESTAMP":
            return "timezone('UTC', ?::varchar::timestamptz)"
        return f"?::varchar::{kind}"

    def literal(self) -> str:
        kind, text = self.next()
        if kind == "text":
            return text[1:-1].replace("''", "'")
        if kind in {"number", "word"}:
            return text
        raise self.invalid()

    def next(self) -> tuple[str, str]:
        if not self.left():
            raise self.invalid()
        self.at += 1
        return self.tokens[self.at - 1]

    def takes(self, kind: str, text: str) -> bool:
        if self.left() and self.tokens[self.at] == (kind, text):
            self.at += 1
            return True
        return False

    def takes_word(self, word: str) -> bool:
        if self.left() and self.tokens[self.at][0] == "word" and self.tokens[self.at][1].lower() == word:
            self.at += 1
            return True
        return False

    def needs_word(self, word: str) -> None:
        if not self.takes_word(word):
            raise self.invalid()

    def needs(self, kind: str, text: str) -> None:
        if not self.takes(kind, text):
            raise self.invalid()


def parse_finder(text: str, known: Mapping[str, tuple[str, ...]]) -> tuple[str, dict[str, str]]:
    """``Name;variable=value,variable=value``. Raises :class:`Refusal` for what the resource does not know."""
    name, _, rest = text.partition(";")
    if name not in known:
        raise Refusal(f"URL request parameter finder with value {text} is not valid: the finder {name} was not found.")
    variables: dict[str, str] = {}
    for part in rest.split(",") if rest else ():
        variable, equals, value = part.partition("=")
        if not equals or variable.strip() not in known[name]:
            raise Refusal(
                f"URL request parameter finder with value {text} is not valid: the variable {variable.strip()} was not found."
            )
        variables[variable.strip()] = value.strip().strip("'\"")
    return name, variables


def parse_order(text: str | None, columns: Mapping[str, str], key: tuple[str, ...]) -> str:
    """``Attribute:asc,Attribute:desc``; without it the server's own order, which nothing promises."""
    parts = []
    for part in text.split(",") if text else ():
        attribute, _, direction = part.strip().partition(":")
        if attribute not in columns or attribute.startswith("$") or direction.lower() not in {"", "asc", "desc"}:
            raise Refusal(f"URL request parameter orderBy with value {text} is not valid.")
        parts.append(f'"{attribute}" {direction or "asc"}')
    return ", ".join([*parts, *(f'"{name}"' for name in key)])


def parse_fields(text: str) -> dict[str, frozenset[str]]:
    """``A,B;child:X,Y;child.nested:Z`` as attributes by path; the resource itself has the empty path."""
    wanted: dict[str, frozenset[str]] = {}
    for part in text.split(";"):
        path, colon, names = part.rpartition(":")
        wanted[path.strip() if colon else ""] = frozenset(name.strip() for name in names.split(",") if name.strip())
    return wanted
