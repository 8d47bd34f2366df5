"""Salesforce's query language: a statement to SQL over the org's tables, or the vendor's own complaint.

What it reads: ``SELECT`` of fields (those of referred records too, up to five levels), of children as a query in parentheses,
``FIELDS(ALL)``, ``COUNT()``, aggregates and parts of dates; ``FROM`` one object; ``WHERE`` and ``HAVING`` with comparisons, ``LIKE``, ``IN``,
``NOT``, ``AND``, ``OR`` and parentheses; ``GROUP BY``, ``ORDER BY``, ``LIMIT``, ``OFFSET``. Anything else is refused as malformed, never
misread.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sandbox.vendors.salesforce.objects import NUMBERS, UNGROUPED, ChildRelation, Field, ObjectType, children
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
_PARTS_OF_DATES = {f"CALENDAR_{part}": f"{part.lower()}({{}})" for part in ("YEAR", "QUARTER", "MONTH")}
_OPERATORS = frozenset({"=", "!=", "<>", "<", "<=", ">", ">="})
_ALL_FIELDS_LIMIT, _ID_CHARACTERS, _LEVELS = 200, 18, 5
_END = ("end", "<EOF>")


@dataclass(frozen=True)
class Selected:
    """A column of the answer: its path as the vendor writes it, the SQL of its value, and its kind (``records``: those of a relation)."""

    path: str
    column: str
    kind: str
    is_aggregate: bool = False

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
    """A query. ``rest`` is its SQL from FROM on, with ``values``; ``counts``: only how many rows there are is asked.

    ``services`` is the path that addresses of records begin with.
    """

    source: ObjectType
    selected: tuple[Selected, ...]
    rest: str
    values: tuple[object, ...]
    services: str
    counts: bool = False
    aggregates: bool = False

    def rows(self) -> str:
        """SQL of one column: the rows as JSON texts."""
        return f"select {self.record}::varchar {self.rest}"

    @property
    def record(self) -> str:
        """SQL of a row as JSON."""
        if self.aggregates:
            listed = "".join(f", {_text(one.path.rpartition('.')[2])}, {one.json}" for one in self.selected)
            return f"json_object('attributes', json_object('type', 'AggregateResult'){listed})"
        return self._object("", _text(self.source.name), "t")

    def _object(self, path: str, kind: str, alias: str) -> str:
        """SQL of a record as JSON, with the records that it refers to within; ``path`` is how the query reaches it."""
        begun = f"{path}." if path else ""
        pairs: dict[str, str] = {}
        for one in self.selected:
            if not one.path.startswith(begun):
                continue
            name, _, deeper = one.path.removeprefix(begun).partition(".")
            if not deeper:
                pairs[name] = one.json
            elif name not in pairs:
                related = f'"{begun}{name}"'
                inner = self._object(f"{begun}{name}", f'{related}."_type"', related)
                pairs[name] = f'case when {related}."Id" is not null then {inner} end'
        listed = "".join(f", {_text(name)}, {sql}" for name, sql in pairs.items())
        address = f"{_text(f'{self.services}/sobjects/')} || {kind} || '/' || {alias}.\"Id\""
        return f"json_object('attributes', json_object('type', {kind}, 'url', {address}){listed})"

    def lines(self) -> str:
        """SQL of one column: the rows as lines of a bulk result."""
        cells = " || ',' || ".join(one.csv for one in self.selected)
        return f"select {cells} {self.rest}"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@dataclass
class _Parser:
    tokens: list[tuple[str, str]]
    objects: Mapping[str, ObjectType]
    now: datetime
    services: str
    deleted_too: bool
    at: int = 0
    parent: ObjectType | None = None
    relation: ChildRelation = field(init=False)
    source: ObjectType = field(init=False)
    joins: dict[str, str] = field(default_factory=dict)
    values: list[object] = field(default_factory=list)
    asks_all: bool = False
    has_aliases: bool = False
    is_grouped: bool = False

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

    def statement(self) -> Statement:
        """The whole of it."""
        query, orders, limit, offset = self._clauses()
        self.need(found=self.peek() == _END)
        bounds = f" limit {limit}" if limit is not None else ""
        bounds += f" offset {offset}" if offset is not None else ""
        if query.counts:
            return replace(query, rest=f"from (select 1 {query.rest}{bounds})")
        order = f" order by {', '.join(orders)}" if orders else ""
        return replace(query, rest=query.rest + order + bounds)

    def by_parent(self) -> str:
        """The query of a relation, as SQL with a row for each record that has something there: ``parent``, ``records``."""
        query, orders, limit, offset = self._clauses()
        if query.counts or query.aggregates or offset is not None:
            raise _malformed("unexpected token: 'COUNT'")
        least = f" where place <= {limit}" if limit is not None else ""
        parent = f't."{self.relation.link.name}"'
        place = f"row_number() over (partition by {parent} order by {', '.join(orders)}) as place"
        return (
            "select parent, json_object('totalSize', count(*), 'done', true, 'records', to_json(list(record order by place))) as records "
            f"from (select {parent} as parent, {place}, {query.record} as record {query.rest}){least} group by parent"
        )

    def _clauses(self) -> tuple[Statement, list[str], int | None, int | None]:
        """A query without its order and bounds, and these."""
        self.need(found=self.word("SELECT"))
        start, depth = self.at, 0
        while depth or not self.word("FROM"):
            self.need(found=self.peek() != _END)
            depth += {("sign", "("): 1, ("sign", ")"): -1}.get(self.take(), 0)
        self.source = self._source(self.name())
        after, self.at = self.at, start
        counts, selected = self._selection()
        self.need(found=self.word("FROM"))
        self.at = after
        conditions = [] if self.deleted_too else self._living()
        if self.word("WHERE"):
            conditions.append(self._condition())
        groups = self._groups()
        having = f" having {self._condition()}" if groups and self.word("HAVING") else ""
        aggregates = bool(groups) or any(one.is_aggregate for one in selected)
        self._hold_groups(selected, groups, aggregates=aggregates)
        orders = self._order(groups, aggregates=aggregates)
        limit = self.whole_number() if self.word("LIMIT") else None
        offset = self.whole_number() if self.word("OFFSET") else None
        self.word("ALL", "ROWS")
        if self.asks_all and (limit is None or limit > _ALL_FIELDS_LIMIT):
            raise _malformed("The SOQL FIELDS function must have a LIMIT of at most 200")
        where = f" where {' and '.join(conditions)}" if conditions else ""
        grouped = f" group by {', '.join(groups)}{having}" if groups else ""
        rest = f'from "{self.source.name}" t{"".join(self.joins.values())}{where}{grouped}'
        query = Statement(self.source, tuple(selected), rest, tuple(self.values), self.services, counts, aggregates)
        return query, orders, limit, offset

    def _source(self, name: str) -> ObjectType:
        """What a query is of: an object, or what refers to the records of its parent."""
        if self.parent is not None:
            relation = next((one for one in children(self.parent, self.objects) if one.name.lower() == name.lower()), None)
            if relation is None:
                raise Refusal(400, "INVALID_TYPE", f"\nDidn't understand relationship '{name}' in FROM part of query call.")
            self.relation = relation
            return relation.child
        found = self.objects.get(name.lower())
        if found is None:
            raise Refusal(
                400,
                "INVALID_TYPE",
                f"\nsObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the "
                "entity name. Please reference your WSDL or the describe call for the appropriate names.",
            )
        return found

    def _groups(self) -> list[str]:
        """What rows are grouped by."""
        groups: list[str] = []
        if self.word("GROUP", "BY"):
            self.is_grouped = True
            while not groups or self.sign(","):
                name = self.name()
                if self.sign("("):
                    groups.append(self._part_of_date(name.upper()))
                    continue
                found, column, _ = self._field(name)
                if found.kind in UNGROUPED:
                    raise _malformed(f"field '{found.name}' can not be grouped in a query call")
                groups.append(column)
        return groups

    def _hold_groups(self, selected: Sequence[Selected], groups: Sequence[str], *, aggregates: bool) -> None:
        """Refuse names for what is not aggregated, and fields beside aggregates that are not grouped by."""
        if self.has_aliases and not aggregates:
            raise _malformed("only aggregate expressions use field aliasing")
        loose = next((one for one in selected if not one.is_aggregate and one.column not in groups), None)
        if aggregates and loose is not None:
            raise _malformed(f"Field must be grouped or aggregated: {loose.path}")

    def _living(self) -> list[str]:
        """What a query leaves out that does not ask for everything: the recycle bin, and activities that are archived."""
        names = (name for name in ("IsDeleted", "IsArchived") if self.source.has(name))
        return [f'not t."{name}"' for name in names]

    def _selection(self) -> tuple[bool, list[Selected]]:
        """Whether only the number of rows is asked for, and the columns."""
        selected: list[Selected] = []
        while True:
            if self.sign("("):
                selected.append(self._related())
            else:
                name = self.name()
                if not self.sign("("):
                    selected.append(self._named(self._selected(name)))
                elif name.upper() == "COUNT" and self.sign(")"):
                    return True, []
                elif name.upper() == "FIELDS":
                    selected += self._all_fields()
                elif name.upper() in _PARTS_OF_DATES:
                    part = Selected(f"expr{len(selected)}", self._part_of_date(name.upper()), "int")
                    selected.append(self._named(part))
                else:
                    column, kind = self._aggregate(name.upper())
                    selected.append(self._named(Selected(f"expr{len(selected)}", column, kind, is_aggregate=True)))
            if not self.sign(","):
                break
        paths = [one.path.lower() for one in selected]
        if twice := next((path for path in paths if paths.count(path) > 1), None):
            raise _malformed(f"duplicate field selected: {twice}")
        return False, selected

    def _named(self, one: Selected) -> Selected:
        """A column under the name that follows, if one does."""
        kind, alias = self.peek()
        if kind != "word" or alias.upper() == "FROM":
            return one
        self.at += 1
        self.has_aliases = True
        return replace(one, path=alias)

    def _related(self) -> Selected:
        """The records of a relation, by a query of their own, whose parenthesis is open."""
        query = _Parser(self.tokens, self.objects, self.now, self.services, self.deleted_too, at=self.at, parent=self.source)
        table = query.by_parent()
        self.at = query.at
        self.need(found=self.sign(")"))
        alias = f'"of {query.relation.name}"'
        self.joins[alias] = f' left join ({table}) {alias} on {alias}.parent = t."Id"'
        self.values += query.values
        return Selected(query.relation.name, f"{alias}.records", "records")

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

    def _aggregate(self, function: str) -> tuple[str, str]:
        """The SQL and the kind of an aggregate, whose parenthesis is open."""
        if function not in _AGGREGATES:
            raise _malformed(f"unexpected token: '{function}'")
        inner = self._selected(self.name())
        self.need(found=self.sign(")"))
        column = f"count(distinct {inner.column})" if function == "COUNT_DISTINCT" else f"{function.lower()}({inner.column})"
        return column, "int" if function.startswith("COUNT") else inner.kind

    def _part_of_date(self, function: str) -> str:
        """The SQL of a year, quarter or month, whose parenthesis is open."""
        if function not in _PARTS_OF_DATES:
            raise _malformed(f"unexpected token: '{function}'")
        found, column, _ = self._field(self.name())
        self.need(found=self.sign(")") and found.kind in {"date", "datetime"})
        return _PARTS_OF_DATES[function].format(column)

    def _selected(self, name: str) -> Selected:
        found, column, path = self._field(name)
        if found.kind == "address":
            return Selected(path, _address(), "string")
        return Selected(path, column, found.kind)

    def _field(self, name: str) -> tuple[Field, str, str]:
        """A field by its path: itself, its SQL, and its path as the vendor writes it."""
        *relations, last = name.removeprefix(f"{self.source.name}.").split(".")
        owner, alias, path = self.source, "t", ""
        for relation in relations[:_LEVELS]:
            link = next((one for one in owner.fields.values() if one.relation and one.relation.lower() == relation.lower()), None)
            target = self.objects.get(link.refers_to[0].lower()) if link and len(link.refers_to) == 1 else None
            if link is None or target is None:
                raise Refusal(
                    400,
                    "INVALID_FIELD",
                    f"\nDidn't understand relationship '{relation}' in field path. If you are attempting to "
                    "use a custom relationship, be sure to append the '__r' after the custom relationship name. Please reference your WSDL "
                    "or the describe call for the appropriate names.",
                )
            path += f"{link.relation}."
            joined = f'"{path[:-1]}"'
            self.joins[joined] = (
                f' left join (select *, {_text(target.name)} as "_type" from "{target.name}") {joined} on {joined}."Id" = {alias}."{link.name}"'
            )
            owner, alias = target, joined
        found = owner.fields.get(last.lower())
        if found is None or (found.kind == "address" and relations) or len(relations) > _LEVELS:
            raise _no_column(owner, last if relations else name)
        return found, f'{alias}."{found.name}"', f"{path}{found.name}"

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
        found, column = self._compared_field()
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

    def _compared_field(self) -> tuple[Field, str]:
        """What a condition is of; behind groups it may be an aggregate."""
        name = self.name()
        if self.sign("("):
            self.need(found=self.is_grouped)
            column, kind = self._aggregate(name.upper())
            return Field(name, kind), column
        found, column, _ = self._field(name)
        return found, column

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

    def _order(self, groups: Sequence[str], *, aggregates: bool) -> list[str]:
        """What rows are sorted by: at the end by what makes the order of pages certain."""
        orders: list[str] = []
        if self.word("ORDER", "BY"):
            while not orders or self.sign(","):
                found, column = self._compared_field()
                if found.kind in {"address", "textarea"}:
                    raise Refusal(400, "MALFORMED_QUERY", f"\nfield '{found.name}' can not be sorted in a query call")
                way = "desc" if self.word("DESC") else "asc"
                self.word("ASC")
                nulls = "last" if self.word("NULLS", "LAST") else "first"
                self.word("NULLS", "FIRST")
                orders.append(f"{column} {way} nulls {nulls}")
        return [*orders, *groups] if aggregates else [*orders, 't."Id"']


def parse(
    text: str, objects: Mapping[str, ObjectType], now: datetime, services: str = "", *, deleted_too: bool = False
) -> Statement:
    """A statement as SQL; ``services`` is what addresses of its rows begin with, ``deleted_too`` what queryAll adds.

    Raises :class:`Refusal` in the vendor's words.
    """
    return _Parser(list(_tokens(text)), objects, now, services, deleted_too).statement()


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position, text = 0, text.strip()
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
