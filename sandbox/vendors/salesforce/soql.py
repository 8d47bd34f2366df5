"""Salesforce's query language: a statement to SQL over the org's tables, or the vendor's own complaint.

What it reads: ``SELECT`` of fields (those of a referred record too, one level up), ``FIELDS(ALL)``, ``COUNT()`` or aggregates
without groups; ``FROM`` one object; ``WHERE`` with comparisons, ``LIKE``, ``IN``, ``NOT``, ``AND``, ``OR`` and parentheses;
``ORDER BY``, ``LIMIT``, ``OFFSET``. Anything else is refused as malformed, never misread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sandbox.vendors.salesforce.objects import NUMBERS, Field, ObjectType
from sandbox.vendors.salesforce.replies import Refusal
from sandbox.vendors.salesforce_ids import SHORT, checked

_TOKEN = re.compile(
    r"\s*(?:'((?:[^'\\]|\\.)*)'"
    r"|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))"
    r"|(\d{4}-\d\d-\d\d)(?![\dT])"
    r"|([+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)"
    r"|([A-Za-z_][\w.]*(?::\d+)?)"
    r"|(<=|>=|!=|<>|[<>=(),]))"
)
_KINDS = ("string", "datetime", "date", "number", "word", "sign")
_AGGREGATES = frozenset({"COUNT", "COUNT_DISTINCT", "MIN", "MAX", "SUM", "AVG"})
_OPERATORS = frozenset({"=", "!=", "<>", "<", "<=", ">", ">="})
_ALL_FIELDS_LIMIT, _ID_CHARACTERS = 200, 18
_END = ("end", "<EOF>")


@dataclass(frozen=True)
class Selected:
    """A column of the answer: its path as the vendor writes it, the SQL of its value, and its kind."""

    path: str
    column: str
    kind: str

    @property
    def json(self) -> str:
        """SQL of the value as JSON has it."""
        if self.kind == "datetime":
            return f"strftime({self.column}, '%Y-%m-%dT%H:%M:%S.000+0000')"
        return (
            f"{self.column}::double"
            if self.kind in NUMBERS - {"int"}
            else f"{self.column}::varchar"
            if self.kind == "date"
            else self.column
        )

    @property
    def csv(self) -> str:
        """SQL of the value as a quoted cell of a bulk result; nothing and an empty text are the same there."""
        text = f"strftime({self.column}, '%Y-%m-%dT%H:%M:%S.000Z')" if self.kind == "datetime" else f"({self.json})::varchar"
        return f"""'"' || replace(coalesce({text}, ''), '"', '""') || '"'"""


@dataclass(frozen=True)
class Statement:
    """A query. ``rest`` is its SQL from FROM on, with ``values``; ``counts``: only how many rows there are is asked."""

    source: ObjectType
    selected: tuple[Selected, ...]
    rest: str
    values: tuple[object, ...]
    counts: bool = False
    aggregates: bool = False

    def rows(self, services: str) -> str:
        """SQL of one column: the rows as JSON texts, as they stand under the path ``services``."""
        if self.aggregates:
            listed = ", ".join(f"{_text(one.path)}, {one.json}" for one in self.selected)
            return f"select json_object('attributes', json_object('type', 'AggregateResult'), {listed})::varchar {self.rest}"
        parts: dict[str, list[Selected]] = {}
        for one in self.selected:
            parts.setdefault(one.path.rpartition(".")[0], []).append(one)
        pairs = [(one.path, one.json) for one in parts.pop("", [])]
        for relation, chosen in parts.items():
            alias = f'"{relation}"'
            inner = _object_sql(
                f'{alias}."_type"', services, f'{alias}."Id"', [(one.path.rpartition(".")[2], one.json) for one in chosen]
            )
            pairs.append((relation, f'case when {alias}."Id" is not null then {inner} end'))
        whole = _object_sql(_text(self.source.name), services, 't."Id"', pairs)
        return f"select {whole}::varchar {self.rest}"

    def lines(self) -> str:
        """SQL of one column: the rows as lines of a bulk result."""
        cells = " || ',' || ".join(one.csv for one in self.selected)
        return f"select {cells} {self.rest}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _object_sql(kind: str, services: str, key: str, pairs: Sequence[tuple[str, str]]) -> str:
    listed = "".join(f", {_text(name)}, {sql}" for name, sql in pairs)
    return f"json_object('attributes', json_object('type', {kind}, 'url', {_text(f'{services}/sobjects/')} || {kind} || '/' || {key}){listed})"


@dataclass
class _Parser:
    text: str
    objects: Mapping[str, ObjectType]
    now: datetime
    tokens: list[tuple[str, str]] = field(default_factory=list)
    at: int = 0
    source: ObjectType = field(init=False)
    joins: dict[str, str] = field(default_factory=dict)
    values: list[object] = field(default_factory=list)
    asks_all: bool = False

    def __post_init__(self) -> None:
        self.tokens = list(self._tokens())

    def _tokens(self) -> Iterator[tuple[str, str]]:
        position, text = 0, self.text.strip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise _malformed(f"unexpected token: '{text[position:].split(maxsplit=1)[0][:40]}'")
            position = match.end()
            kind, value = next((kind, value) for kind, value in zip(_KINDS, match.groups(), strict=True) if value is not None)
            yield (
                kind,
                re.sub(r"\\(.)", lambda found: {"n": "\n", "r": "\r", "t": "\t"}.get(found[1], found[1]), value)
                if kind == "string"
                else value,
            )

    def peek(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else _END

    def take(self) -> tuple[str, str]:
        token = self.peek()
        self.at += 1
        return token

    def word(self, *names: str) -> bool:
        """Take keywords if they come next, in this order."""
        ahead = [(kind, text.upper()) for kind, text in self.tokens[self.at : self.at + len(names)]]
        if ahead == [("word", name) for name in names]:
            self.at += len(names)
            return True
        return False

    def sign(self, sign: str) -> bool:
        if self.peek() == ("sign", sign):
            self.at += 1
            return True
        return False

    def need(self, *, found: bool) -> None:
        if not found:
            raise _malformed(f"unexpected token: '{self.peek()[1]}'")

    def name(self) -> str:
        self.need(found=self.peek()[0] == "word")
        return self.take()[1]

    def whole_number(self) -> int:
        kind, text = self.take()
        if kind != "number" or not text.isdigit():
            raise _malformed(f"unexpected token: '{text}'")
        return int(text)

    def statement(self, *, deleted_too: bool) -> Statement:
        self.need(found=self.word("SELECT"))
        start, depth = self.at, 0
        while depth or not self.word("FROM"):
            self.need(found=self.peek() != _END)
            depth += {("sign", "("): 1, ("sign", ")"): -1}.get(self.take(), 0)
        name = self.name()
        found = self.objects.get(name.lower())
        if found is None:
            raise Refusal(
                400,
                "INVALID_TYPE",
                f"\nsObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the "
                "entity name. Please reference your WSDL or the describe call for the appropriate names.",
            )
        self.source = found
        after, self.at = self.at, start
        counts, aggregates, selected = self._selection()
        self.need(found=self.word("FROM"))
        self.at = after
        conditions = [] if deleted_too else self._living()
        if self.word("WHERE"):
            conditions.append(self._condition())
        orders = self._order()
        limit = self.whole_number() if self.word("LIMIT") else None
        offset = self.whole_number() if self.word("OFFSET") else None
        self.word("ALL", "ROWS")
        self.need(found=self.peek() == _END)
        if self.asks_all and (limit is None or limit > _ALL_FIELDS_LIMIT):
            raise _malformed("The SOQL FIELDS function must have a LIMIT of at most 200")
        where = f" where {' and '.join(conditions)}" if conditions else ""
        source = f'from "{self.source.name}" t{"".join(self.joins.values())}{where}'
        bounds = f" limit {limit}" if limit is not None else ""
        bounds += f" offset {offset}" if offset is not None else ""
        if counts:
            source, bounds = f"from (select 1 {source}{bounds})", ""
        elif not aggregates:
            source += f" order by {', '.join(orders)}"
        return Statement(self.source, tuple(selected), source + bounds, tuple(self.values), counts, aggregates)

    def _living(self) -> list[str]:
        """What a query leaves out that does not ask for everything: the recycle bin, and activities that are archived."""
        names = (name for name in ("IsDeleted", "IsArchived") if self.source.has(name))
        return [f'not t."{name}"' for name in names]

    def _selection(self) -> tuple[bool, bool, list[Selected]]:
        selected: list[Selected] = []
        aggregates = False
        while True:
            name = self.name()
            if self.sign("("):
                if name.upper() == "COUNT" and self.sign(")"):
                    return True, False, []
                if name.upper() == "FIELDS":
                    selected += self._all_fields()
                else:
                    aggregates = True
                    selected.append(self._aggregate(name.upper(), len(selected)))
            else:
                selected.append(self._selected(name))
            if not self.sign(","):
                break
        paths = [one.path.lower() for one in selected]
        if twice := next((path for path in paths if paths.count(path) > 1), None):
            raise _malformed(f"duplicate field selected: {twice}")
        if aggregates and any("(" not in one.column for one in selected):
            raise _malformed("Field must be grouped or aggregated: " + next(one.path for one in selected if "(" not in one.column))
        return False, aggregates, selected

    def _all_fields(self) -> list[Selected]:
        kind = self.name().upper()
        self.need(found=self.sign(")") and kind in {"ALL", "STANDARD", "CUSTOM"})
        self.asks_all = kind != "STANDARD"
        fields = [one for one in self.source.fields.values() if one.kind != "address"]
        return [
            Selected(one.name, f't."{one.name}"', one.kind)
            for one in fields
            if kind == "ALL" or one.name.endswith("__c") == (kind == "CUSTOM")
        ]

    def _aggregate(self, function: str, number: int) -> Selected:
        if function not in _AGGREGATES:
            raise _malformed(f"unexpected token: '{function}'")
        inner = self._selected(self.name())
        self.need(found=self.sign(")"))
        kind, alias = self.peek()
        named = kind == "word" and alias.upper() != "FROM"
        self.at += named
        column = f"count(distinct {inner.column})" if function == "COUNT_DISTINCT" else f"{function.lower()}({inner.column})"
        return Selected(alias if named else f"expr{number}", column, "int" if function.startswith("COUNT") else inner.kind)

    def _selected(self, name: str) -> Selected:
        found, column, path = self._field(name)
        if found.kind == "address":
            return Selected(path, _address(), "string")
        return Selected(path, column, found.kind)

    def _field(self, name: str) -> tuple[Field, str, str]:
        """A field by its path: itself, its SQL, and its path as the vendor writes it."""
        path = name.removeprefix(f"{self.source.name}.")
        relation, _, last = path.rpartition(".")
        if not relation:
            found = self.source.fields.get(last.lower())
            if found is None:
                raise _no_column(self.source, name)
            return found, f't."{found.name}"', found.name
        link = next((one for one in self.source.fields.values() if one.relation and one.relation.lower() == relation.lower()), None)
        target = self.objects.get(link.refers_to[0].lower()) if link and len(link.refers_to) == 1 else None
        if link is None or target is None:
            raise Refusal(
                400,
                "INVALID_FIELD",
                f"\nDidn't understand relationship '{relation}' in field path. If you are attempting to "
                "use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL "
                "or the describe call for the appropriate names.",
            )
        found = target.fields.get(last.lower())
        if found is None or found.kind == "address":
            raise _no_column(target, last)
        alias = f'"{link.relation}"'
        self.joins[link.relation] = (
            f' left join (select *, {_text(target.name)} as "_type" from "{target.name}") {alias} on {alias}."Id" = t."{link.name}"'
        )
        return found, f'{alias}."{found.name}"', f"{link.relation}.{found.name}"

    def _condition(self) -> str:
        """Conditions joined by AND, or by OR: a mixture needs parentheses."""
        parts, joint = [self._single()], ""
        while (word := self.peek()[1].upper()) in {"AND", "OR"} and self.peek()[0] == "word":
            if joint not in {"", word}:
                raise _malformed(f"unexpected token: '{word}'")
            joint = word
            self.at += 1
            parts.append(self._single())
        return f"({f' {joint.lower()} '.join(parts)})"

    def _single(self) -> str:
        if self.word("NOT"):
            return f"not coalesce({self._single()}, false)"
        if self.sign("("):
            inner = self._condition()
            self.need(found=self.sign(")"))
            return inner
        found, column, _ = self._field(self.name())
        if not found.filterable or found.kind == "address":
            raise Refusal(400, "INVALID_FIELD", f"\nfield '{found.name}' can not be filtered in a query call")
        if self.word("LIKE"):
            kind, text = self.take()
            if kind != "string" or not found.is_text:
                raise Refusal(400, "INVALID_FIELD", f"\ninvalid operator on {found.kind} field '{found.name}'")
            self.values.append(text.replace("\\", "\\\\"))
            return f"lower({column}) like lower(?) escape '\\'"
        negated = self.word("NOT", "IN")
        if negated or self.word("IN"):
            self.need(found=self.sign("("))
            marks = [self._value(found)]
            while self.sign(","):
                marks.append(self._value(found))
            self.need(found=self.sign(")"))
            inside = f"{_compared(found, column)} in ({', '.join(marks)})"
            return f"not coalesce({inside}, false)" if negated else inside
        operator = self.take()[1]
        if operator not in _OPERATORS:
            self.at -= 1
            self.need(found=False)
        mark = self._value(found)
        sql = {"=": "is not distinct from", "!=": "is distinct from", "<>": "is distinct from"}.get(operator, operator)
        return f"{_compared(found, column)} {sql} {mark}"

    def _value(self, found: Field) -> str:
        """Take a literal of the field's kind; returns the mark that stands for it."""
        kind, text = self.take()
        lower = text.lower()
        if kind == "word" and lower == "null":
            return "null"
        moment = self._named_day(text) if kind == "word" else None
        if found.kind == "boolean" and kind == "word" and lower in {"true", "false"}:
            return lower
        if found.kind in NUMBERS and kind == "number":
            self.values.append(text)
            return "?::decimal(38, 12)"
        if found.kind == "datetime" and (kind == "datetime" or moment):
            self.values.append(moment or datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None))
            return "?"
        if found.kind == "date" and (kind == "date" or moment):
            self.values.append(moment.date() if moment else text)
            return "?::date"
        if found.kind in {"id", "reference"} and kind == "string":
            if len(text) not in {SHORT, _ID_CHARACTERS}:
                raise Refusal(400, "INVALID_QUERY_FILTER_OPERATOR", f"\ninvalid ID field: {text}")
            self.values.append(long_id(text))
            return "?"
        if found.is_text and kind == "string":
            self.values.append(text)
            return "lower(?)"
        quoted = " and should not be enclosed in quotes" if kind == "string" and not found.is_text else ""
        raise Refusal(
            400, "INVALID_FIELD", f"\nvalue of filter criterion for field '{found.name}' must be of type {_wanted(found)}{quoted}"
        )

    def _named_day(self, text: str) -> datetime | None:
        """Where a day with a name (``TODAY``, ``LAST_N_DAYS:7``) begins."""
        name, _, number = text.upper().partition(":")
        back = {"TODAY": 0, "YESTERDAY": 1, "LAST_N_DAYS": int(number) if number else None}.get(name)
        if back is None:
            return None
        midnight = self.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
        return midnight - timedelta(days=back)

    def _order(self) -> list[str]:
        orders = []
        if self.word("ORDER", "BY"):
            while True:
                found, column, _ = self._field(self.name())
                if found.kind in {"address", "textarea"}:
                    raise Refusal(400, "MALFORMED_QUERY", f"\nfield '{found.name}' can not be sorted in a query call")
                way = "desc" if self.word("DESC") else "asc"
                self.word("ASC")
                nulls = "last" if self.word("NULLS", "LAST") else "first"
                self.word("NULLS", "FIRST")
                orders.append(f"{column} {way} nulls {nulls}")
                if not self.sign(","):
                    break
        return [*orders, 't."Id"']


def parse(text: str, objects: Mapping[str, ObjectType], now: datetime, *, deleted_too: bool = False) -> Statement:
    """A statement as SQL; ``deleted_too`` is what queryAll adds. Raises :class:`Refusal` in the vendor's words."""
    return _Parser(text, objects, now).statement(deleted_too=deleted_too)


def long_id(short: str) -> str:
    """The form of an id with 18 characters: three more that tell which of its letters are capital."""
    return checked(short) if len(short) == SHORT else short


def _compared(found: Field, column: str) -> str:
    return f"lower({column})" if found.is_text else column


def _wanted(found: Field) -> str:
    return {"datetime": "dateTime", "currency": "double", "percent": "double"}.get(
        found.kind, found.kind if not found.is_text else "string"
    )


def _address() -> str:
    parts = {"street": "BillingStreet", "city": "BillingCity", "postalCode": "BillingPostalCode", "country": "BillingCountry"}
    listed = ", ".join(f"{_text(name)}, t.{column}" for name, column in parts.items())
    return f"json_object({listed})"


def _malformed(message: str) -> Refusal:
    return Refusal(400, "MALFORMED_QUERY", message)


def _no_column(one: ObjectType, name: str) -> Refusal:
    return Refusal(
        400,
        "INVALID_FIELD",
        f"\nNo such column '{name}' on entity '{one.name}'. If you are attempting to use a custom field, be sure to append the '__c' after the "
        "custom field name. Please reference your WSDL or the describe call for the appropriate names.",
    )
