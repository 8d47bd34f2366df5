"""QuickBooks' query language: a statement to SQL over the objects, or the vendor's own complaint."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal, InvalidOperation

from sandbox.vendors.quickbooks.fields import DAY, ENTITIES, FIELDS, FLAG, MOMENT, NUMBER, REFERENCE

DEFAULT_RESULTS, MOST_RESULTS = 100, 1000
_TOKEN = re.compile(r"\s*(?:'((?:[^'\\]|\\.)*)'|([A-Za-z_][\w.]*)|(-?\d+(?:\.\d+)?)|(<=|>=|!=|<>|[<>=(),*]))")
_COLUMNS = {"Id": "id", "MetaData.CreateTime": "created_at", "MetaData.LastUpdatedTime": "changed_at", "TxnDate": "txn_date"}
_OPERATORS = frozenset({"=", "<", ">", "<=", ">="})
_WINTER, _SUMMER = timezone(timedelta(hours=-8)), timezone(timedelta(hours=-7))
_END = ("end", "<EOF>")


class QueryError(ValueError):
    """A statement that the vendor refuses, with its code and words."""

    def __init__(self, detail: str, *, validation: bool = False) -> None:
        super().__init__(detail)
        self.code = "4001" if validation else "4000"
        self.message = "Invalid query" if validation else "Error parsing query"
        self.detail = f"Query{'Validation' if validation else 'Parser'}Error: {detail}"


@dataclass(frozen=True)
class Statement:
    """A query as SQL: ``where`` with its ``values``, ``order``; ``fields`` is None for all of them; positions are 1-based."""

    entity: str
    counts: bool
    fields: tuple[str, ...] | None
    where: str
    values: tuple[object, ...]
    order: str
    start: int
    most: int


def pacific(moment: datetime) -> datetime:
    """A moment in the time of the vendor's servers, in California."""
    utc = moment.astimezone(UTC).replace(tzinfo=None)
    begins, ends = _sunday(utc.year, 3, 2) + timedelta(hours=10), _sunday(utc.year, 11, 1) + timedelta(hours=9)
    return moment.astimezone(_SUMMER if begins <= utc < ends else _WINTER)


def _sunday(year: int, month: int, number: int) -> datetime:
    first = datetime(year, month, 1)  # noqa: DTZ001 - its own zone's calendar
    return first + timedelta(days=(6 - first.weekday()) % 7 + 7 * (number - 1))


def read_moment(text: str) -> datetime:
    """A moment as naive UTC; without an offset it is meant in the servers' time. Raises ValueError."""
    moment = datetime.fromisoformat(text.replace(" ", "+"))  # an offset's plus that nobody encoded
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=pacific(moment.replace(tzinfo=_WINTER)).tzinfo)
    return moment.astimezone(UTC).replace(tzinfo=None)


@dataclass
class _Parser:
    text: str
    today: str
    tokens: list[tuple[str, str]] = field(default_factory=list)
    at: int = 0

    def __post_init__(self) -> None:
        self.tokens = list(self._tokens())

    def _tokens(self) -> Iterator[tuple[str, str]]:
        position, text = 0, self.text.strip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise QueryError(f'Encountered " {text[position]!r} at line 1, column {position + 1}.')
            position = match.end()
            string, word, number, sign = match.groups()
            if string is not None:
                yield "string", re.sub(r"\\(.)", r"\1", string)
            else:
                yield ("word", word) if word else ("number", number) if number else ("sign", sign)

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else _END

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def word(self, *names: str) -> bool:
        """Take a keyword if it comes next."""
        kind, text = self.peek()
        if kind == "word" and text.upper() in names:
            self.at += 1
            return True
        return False

    def sign(self, sign: str) -> bool:
        if self.peek() == ("sign", sign):
            self.at += 1
            return True
        return False

    def need(self, found: bool, wanted: str) -> None:
        if not found:
            raise QueryError(f'Encountered "{self.peek()[1]}". Was expecting: "{wanted}".')

    def name(self) -> str:
        kind, text = self.take()
        if kind != "word":
            self.at -= 1
            self.need(found=False, wanted="a property name")
        return text

    def number(self) -> int:
        kind, text = self.take()
        if kind != "number" or not text.isdigit():
            raise QueryError(f'Encountered "{text}". Was expecting a positive integer.')
        return int(text)

    def statement(self) -> Statement:
        self.need(self.word("SELECT"), "SELECT")
        counts, fields = self._selection()
        self.need(self.word("FROM"), "FROM")
        written = self.name()
        entity = ENTITIES.get(written.lower())
        if entity is None:
            raise QueryError(f"Metadata not found for Entity: {written}", validation=True)
        chosen = tuple(_property(entity, each)[0] for each in fields) if fields is not None else None
        where, values = self._where(entity)
        order = self._order(entity)
        start = self.number() if self.word("STARTPOSITION") else 1
        most = self.number() if self.word("MAXRESULTS") else DEFAULT_RESULTS
        if self.peek() != _END:
            raise QueryError(
                f'Encountered "{self.peek()[1]}". Was expecting one of: "WHERE", "ORDERBY", "STARTPOSITION", "MAXRESULTS".'
            )
        if most > MOST_RESULTS:
            raise QueryError(f"value {most} is too large. Max allowed value is {MOST_RESULTS}.", validation=True)
        return Statement(entity, counts, chosen, where, tuple(values), order, max(start, 1), most)

    def _selection(self) -> tuple[bool, list[str] | None]:
        """``*``, ``count(*)``, or fields; a field beside ``*`` asks for one that is otherwise left out."""
        if self.peek()[1].upper() == "COUNT":
            self.take()
            self.need(self.sign("(") and self.sign("*") and self.sign(")"), "(*)")
            return True, None
        fields: list[str] = []
        everything = False
        while True:
            if self.sign("*"):
                everything = True
            else:
                fields.append(self.name())
            if not self.sign(","):
                return False, None if everything else fields

    def _where(self, entity: str) -> tuple[str, list[object]]:
        conditions: list[str] = []
        values: list[object] = []
        names: set[str] = set()
        if self.word("WHERE"):
            while True:
                name, kind = _property(entity, self.name())
                names.add(name)
                conditions.append(self._condition(name, kind, values))
                if not self.word("AND"):
                    break
        if "active" in FIELDS[entity] and "Active" not in names:
            conditions.append("active")
        return " and ".join(conditions) or "true", values

    def _condition(self, name: str, kind: str, values: list[object]) -> str:
        column = _column(name, kind)
        if self.word("IN"):
            self.need(self.sign("("), "(")
            marks = []
            while True:
                values.append(self._value(name, kind))
                marks.append(_mark(kind))
                if not self.sign(","):
                    break
            self.need(self.sign(")"), ")")
            return f"{column} in ({', '.join(marks)})"
        if self.word("LIKE"):
            values.append(str(self._value(name, "text")).replace("\\", "\\\\").replace("_", "\\_"))
            return f"{column} like {_mark(kind)} escape '\\'"
        operator = self.take()[1]
        if operator not in _OPERATORS:
            self.at -= 1
            self.need(found=False, wanted='=" , "<" , ">" , "<=" , ">=" , "IN" , "LIKE')
        values.append(self._value(name, kind))
        return f"{column} {operator} {_mark(kind)}"

    def _value(self, name: str, kind: str) -> object:
        token, text = self.take()
        if token == "word" and text.upper() == "CURRENT_DATE":
            text = self.today
        elif token not in {"string", "number"} and text.lower() not in {"true", "false"}:
            self.at -= 1
            self.need(found=False, wanted="a value")
        try:
            if kind == NUMBER:
                return Decimal(text)
            if kind == FLAG:
                return {"true": True, "false": False}[text.lower()]
            if kind == MOMENT:
                return read_moment(text)
            if kind == DAY:
                return datetime.fromisoformat(text).date()
        except (ValueError, KeyError, InvalidOperation):
            raise QueryError(f"Invalid value '{text}' for property {name}", validation=True) from None
        return text

    def _order(self, entity: str) -> str:
        if not (self.word("ORDERBY") or (self.word("ORDER") and self.word("BY"))):
            return "number, id"
        orders = []
        while True:
            name, kind = _property(entity, self.name())
            column = "number" if name == "Id" else _column(name, kind)
            orders.append(f"{column} {'desc' if self.word('DESC') else 'asc'}")
            self.word("ASC")
            if not self.sign(","):
                return ", ".join([*orders, "number", "id"])


def parse(text: str, now: datetime) -> Statement:
    """A statement as SQL. Raises :class:`QueryError` in the vendor's words."""
    return _Parser(text, f"{pacific(now):%Y-%m-%d}").statement()


def _property(entity: str, name: str) -> tuple[str, str]:
    found = FIELDS[entity].get(name.lower())
    if found is None:
        raise QueryError(f"Property {name} not found for Entity {entity}", validation=True)
    return found


def _column(name: str, kind: str) -> str:
    """SQL of a property: a column where there is one, else from the body; texts compare without their case."""
    if name == "Active":
        return "active"
    path = f"{name}.value" if kind == REFERENCE else name
    column = _COLUMNS.get(name, f"json_extract_string(body, '$.{path}')")
    if kind == NUMBER:
        return f"try_cast({column} as decimal(38, 12))"
    if kind == FLAG:
        return f"try_cast({column} as boolean)"
    if kind == DAY:
        return column if name in _COLUMNS else f"try_cast({column} as date)"
    return column if kind == MOMENT else f"lower({column})"


def _mark(kind: str) -> str:
    return "?" if kind in {NUMBER, FLAG, DAY, MOMENT} else "lower(?)"
