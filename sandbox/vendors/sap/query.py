"""From a request's options to rows in the vendor's JSON: selection, grouping, order, pages, expansion.

Rows are written by the database: one text a row, ready to be sent.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from sandbox.vendors.sap.filters import Filter, QueryError, property_of
from sandbox.vendors.sap.model import EntitySet, Navigation, Property, Service
from sandbox.vendors.tables import ShownTables

PAGE, EXPANDED_PAGE = 1000, 200
"""Rows that the server gives at once, and with expanded navigations."""
_KEPT = 8
"""Queries whose order is kept."""
_OPTIONS = frozenset(
    {"$select", "$filter", "$orderby", "$top", "$skip", "$inlinecount", "$expand", "$format", "$skiptoken", "$count", "search"}
)
_INITIAL = {
    "S": "''",
    "B": "false",
    "D": "0::decimal(38, 3)",
    "DT": "null::date",
    "DTO": "null::timestamp",
    "T": "null::time",
    "G": "null::varchar",
}
_NO_DECIMALS, _THREE_DECIMALS = ("JPY", "KRW", "CLP", "VND", "ISK"), ("KWD", "BHD", "OMR", "JOD", "TND")


@dataclass(frozen=True)
class Answer:
    """One page: rows as JSON texts, rows in all if asked for, the token of the next page if there is one."""

    rows: list[str]
    total: int | None
    token: str | None


@dataclass(frozen=True)
class Dialect:
    """How rows are written: the service's own address, the language of texts, OData 2 or 4, decimals as text or numbers."""

    root: str
    language: str = "EN"
    version: int = 2
    decimals_as_text: bool = True


class Books(ShownTables):
    """The tables that the services show; a table never changes its columns."""

    def __init__(self, company: Path, system: str, views: str) -> None:
        super().__init__(company, system, views)
        self._db.execute("set threads = 1")  # pages are small: threads cost more than they save
        self._columns: dict[str, frozenset[str]] = {}
        self._in_order: OrderedDict[tuple[object, ...], NDArray[np.int64]] = OrderedDict()
        self._ordering = threading.Lock()

    def columns(self, name: str) -> frozenset[str]:
        """The columns of an entity set's table: the properties that have other values than the initial one."""
        if name not in self._columns:
            self._columns[name] = frozenset(row["column_name"] for row in self.rows(f'describe "{name}"'))
        return self._columns[name]

    def in_order(self, rows: str, values: Sequence[object]) -> NDArray[np.int64]:
        """The numbers of a query's rows in its order, kept for its next pages until time moves: to order all for each takes long."""
        with self.cursor() as cursor, self._ordering:
            asked = (self.made, rows, *values)
            if asked not in self._in_order:
                self._in_order[asked] = cursor.execute(rows, values).fetchnumpy()["rowid"]
            self._in_order.move_to_end(asked)
            while len(self._in_order) > _KEPT:
                self._in_order.popitem(last=False)
            return self._in_order[asked]


class Query:
    """One call for rows of an entity set. Raises :class:`QueryError` for what the gateway refuses."""

    def __init__(
        self,
        tables: Books,
        service: Service,
        entity: EntitySet,
        options: Mapping[str, str],
        dialect: Dialect,
        within: Mapping[str, Any] | None = None,
    ) -> None:
        self._tables = tables
        self._service = service
        self._entity = entity
        self._dialect = dialect
        self._options = options
        for name in options:
            if name.startswith("$") and name not in _OPTIONS:
                raise QueryError(f"The query option '{name}' is not supported", status=501, code="/IWFND/CM_MGW_RT/030")
        self._columns = tables.columns(entity.name)
        self._selected = _paths(options.get("$select"))
        self._expanded = _paths(options.get("$expand"))
        self._check_paths()
        self._where, self._values = "true", list[Any]()
        if options.get("$filter"):
            condition = Filter(entity, service.namespace, self.column, options["$filter"])
            self._where, self._values = condition.sql, condition.values
        for name, value in (within or {}).items():
            self._where += f" and {self.column(entity.properties[name])} = ?"
            self._values.append(value)
        self._measures = [prop for prop in self._properties() if entity.is_measure(prop)]
        named = {prop.name for prop in self._properties()}
        self._groups = entity.aggregate and not named.issuperset(_ROW_KEY.get(entity.name, ("ID",)))

    def column(self, prop: Property) -> str:
        """The SQL of a property: its column, in the language asked for, or its initial value."""
        if self._dialect.language == "DE" and f"{prop.name}_DE" in self._columns:
            return f'"{prop.name}_DE"'
        return f'"{prop.name}"' if prop.name in self._columns else _INITIAL[prop.kind]

    def count(self) -> int:
        """Rows that match, whatever the page."""
        source, values = self._source()
        return int(self._tables.one(f"select count(*) as rows from {source}", values)["rows"])

    def page(self) -> Answer:
        """The page that is asked for."""
        top, skip = _number(self._options, "$top"), _number(self._options, "$skip") or 0
        served = self._served()
        size = EXPANDED_PAGE if self._expanded else PAGE
        limit = size if top is None else max(0, min(size, top - served))
        order = self._order()
        body = self._body(self._entity, self._selected, self._expanded, "t0", 0)
        page, values = self._part(order, limit + 1, skip + served)
        rows = self._tables.rows(f"with page as ({page}) select {body} as body from page t0 order by {order}", values)
        more = len(rows) > limit and (top is None or served + limit < top)
        wanted = self._options.get("$inlinecount") == "allpages" or self._options.get("$count") == "true"
        return Answer(
            [row["body"] for row in rows[:limit]],
            self.count() if wanted else None,
            self._token(served + limit) if more else None,
        )

    def _part(self, order: str, count: int, start: int) -> tuple[str, list[Any]]:
        """Some rows of the source: of rows as they are, those of a page after the first are known by their numbers."""
        source, values = self._source()
        if self._groups or not start:
            return f"select * from {source} order by {order} limit {count} offset {start}", values
        name = f'"{self._entity.name}"'
        numbers = self._tables.in_order(f"select rowid from {name} where {self._where} order by {order}", self._values)
        wanted = numbers[start : start + count].tolist()
        bounds = [min(wanted, default=0), max(wanted, default=0)]
        return f"select * from {name} where rowid between ? and ? and rowid in (select unnest(?::bigint[]))", [*bounds, wanted]

    def _properties(self) -> list[Property]:
        names = [path for path in self._selected if "/" not in path and path not in self._entity.navigations]
        if not self._selected or "*" in self._selected:
            return list(self._entity.properties.values())
        return [self._entity.properties[name] for name in names]

    def _check_paths(self) -> None:
        for path in (*self._selected, *self._expanded):
            entity = self._entity
            steps = path.split("/")
            for number, step in enumerate(steps):
                if step in entity.navigations:
                    entity = self._service.sets[entity.navigations[step].target]
                elif path in self._expanded:
                    raise QueryError(f"Resource not found for the segment '{step}'", status=404, code="/IWBEP/CM_MGW_RT/020")
                elif step != "*" or number < len(steps) - 1:
                    property_of(entity, step, self._service.namespace)

    def _source(self) -> tuple[str, list[Any]]:
        """The rows, filtered, and grouped by the selected dimensions where the set is an aggregate."""
        name = f'"{self._entity.name}"'
        if not self._groups:
            return f"(select * from {name} where {self._where})", self._values
        dimensions = self._dimensions()
        columns = [f'"{column}"' for column in dimensions]
        sums = [f'sum("{prop.name}") as "{prop.name}"' for prop in self._measures if prop.name in self._columns]
        by = f"group by {', '.join(columns)}" if columns else ""
        inner = f"select {', '.join([*columns, *sums]) or '1'} from {name} where {self._where} {by}"
        return f"({inner if columns or sums else inner + ' limit 1'})", self._values

    def _dimensions(self) -> list[str]:
        """Columns to group by. An amount is never summed over currencies: its unit is a dimension, asked for or not."""
        names = {prop.name for prop in self._properties() if not self._entity.is_measure(prop)}
        names |= {prop.unit for prop in self._measures if prop.unit}
        found = []
        for name in self._entity.properties:
            if name in names and name in self._columns:
                found.append(name)
                if f"{name}_DE" in self._columns:
                    found.append(f"{name}_DE")
        return found

    def _order(self) -> str:
        parts = []
        for part in _paths(self._options.get("$orderby")):
            name, _, direction = part.partition(" ")
            prop = property_of(self._entity, name, self._service.namespace)
            unknown = self._groups and name not in {each.name for each in self._properties()}
            if name == "ID" or unknown or direction.strip().lower() not in {"", "asc", "desc"}:
                raise QueryError(f"Sorting by '{part}' is not supported", code="/IWBEP/CM_MGW_RT/177")
            parts.append(f"{self.column(prop)} {direction}")
        known = self._dimensions() if self._groups else [*(_ROW_KEY.get(self._entity.name) or self._entity.key)]
        return ", ".join([*parts, *(f'"{name}"' for name in known if name in self._columns)]) or "1"

    def _served(self) -> int:
        token = self._options.get("$skiptoken")
        if token is None:
            return 0
        try:
            text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode("ascii", "replace")
        except (binascii.Error, ValueError):
            text = ""
        served, _, seal = text.partition(".")
        if not served.isdigit() or seal != self._seal():
            raise QueryError("Invalid value of query option $skiptoken", code="/IWBEP/CM_MGW_RT/178")
        return int(served)

    def _token(self, served: int) -> str:
        return base64.urlsafe_b64encode(f"{served}.{self._seal()}".encode()).decode().rstrip("=")

    def _seal(self) -> str:
        """A token holds for the options that it was given with, and no others."""
        told = sorted((name, value) for name, value in self._options.items() if name.startswith("$") and name not in _UNSEALED)
        return hashlib.sha256(repr((self._entity.name, told)).encode()).hexdigest()[:12]

    def _body(self, entity: EntitySet, selected: Sequence[str], expanded: Sequence[str], alias: str, depth: int) -> str:
        return f"to_json({self._struct(entity, selected, expanded, alias, depth)})::varchar"

    def _struct(self, entity: EntitySet, selected: Sequence[str], expanded: Sequence[str], alias: str, depth: int) -> str:
        """One row as a struct, its members in the vendor's order."""
        names = {path for path in selected if "/" not in path}
        steps = {path.partition("/")[0] for path in selected}
        every = not selected or "*" in names
        columns = self._tables.columns(entity.name)
        members = []
        if self._dialect.version == 2:
            uri = f"{_text(f'{self._dialect.root}/{entity.name}(')} || {self._key(entity, alias, columns)} || ')'"
            members.append(
                f'"__metadata" := struct_pack(id := {uri}, uri := {uri}, "type" := \'{self._service.namespace}.{entity.type_name}\')'
            )
        members += [
            f'"{prop.name}" := {self._value(entity, prop, alias, columns)}'
            for prop in entity.properties.values()
            if every or prop.name in names
        ]
        members += [
            f'"{way.name}" := {self._related(entity, way, selected, expanded, alias, depth)}'
            for way in entity.navigations.values()
            if every or way.name in steps
        ]
        return f"struct_pack({', '.join(members)})"

    def _related(
        self, entity: EntitySet, way: Navigation, selected: Sequence[str], expanded: Sequence[str], alias: str, depth: int
    ) -> str:
        mine = [path for path in expanded if path.partition("/")[0] == way.name]
        if not mine:
            key = self._key(entity, alias, self._tables.columns(entity.name))
            uri = f"{_text(f'{self._dialect.root}/{entity.name}(')} || {key} || ')/{way.name}'"
            return f"struct_pack(__deferred := struct_pack(uri := {uri}))"
        target, inner = self._service.sets[way.target], f"t{depth + 1}"
        deeper = [path.partition("/")[2] for path in mine if "/" in path]
        chosen = [path.partition("/")[2] for path in selected if path.startswith(f"{way.name}/")]
        # As JSON already: a list of structs of a hundred members takes milliseconds for each row.
        struct = f"to_json({self._struct(target, chosen, deeper, inner, depth + 1)})"
        on = " and ".join(f'{inner}."{name}" = {alias}."{name}"' for name in way.on)
        if way.multiplicity != "*":
            return f'(select any_value({struct}) from "{target.name}" {inner} where {on})'
        known = self._tables.columns(target.name)
        order = ", ".join(f'{inner}."{name}"' for name in target.key if name in known)
        rows = f'(select list({struct} order by {order}) from "{target.name}" {inner} where {on})'
        return f"struct_pack(results := coalesce({rows}, []))"

    def _key(self, entity: EntitySet, alias: str, columns: frozenset[str]) -> str:
        if entity.aggregate:
            return f"'''' || url_encode({self._synthetic(alias)}) || ''''"
        parts = []
        for name in entity.key:
            prop = entity.properties[name]
            if prop.kind == "DT":
                value = f"strftime({alias}.\"{name}\", 'datetime''%Y-%m-%dT00%%3A00%%3A00''')"
            else:
                value = f"'''' || url_encode({alias}.\"{name}\") || ''''" if name in columns else "''''''"
            parts.append(value if len(entity.key) == 1 else f"'{name}=' || {value}")
        return " || ',' || ".join(parts)

    def _synthetic(self, alias: str) -> str:
        """The key of a group: it depends on what was selected."""
        dimensions = [name for name in self._dimensions() if not name.endswith("_DE")]
        texts = ", ".join(f"coalesce({alias}.\"{name}\"::varchar, '')" for name in dimensions)
        return f"'.1~' || md5(concat_ws('~', '{len(dimensions)}'{', ' if texts else ''}{texts}))"

    def _value(self, entity: EntitySet, prop: Property, alias: str, columns: frozenset[str]) -> str:
        if entity.aggregate and prop.name == "ID":
            return self._synthetic(alias)
        name = f"{prop.name}_DE" if self._dialect.language == "DE" and f"{prop.name}_DE" in columns else prop.name
        column = f'{alias}."{name}"' if name in columns else _INITIAL[prop.kind]
        new = self._dialect.version != 2
        match prop.kind:
            case "S":
                return f"coalesce({column}, '')"
            case "B":
                return f"coalesce({column}, false)"
            case "DT":
                return f"strftime({column}, '%Y-%m-%d')" if new else f"'/Date(' || epoch_ms({column}::timestamp) || ')/'"
            case "DTO":
                return f"strftime({column}, '%Y-%m-%dT%H:%M:%SZ')" if new else f"'/Date(' || epoch_ms({column}) || '+0000)/'"
            case "T" if not new:
                clock = f"(date '1970-01-01' + {column})"
                return f"strftime({clock}, 'PT%HH%MM%SS')"
            case "D":
                return self._decimal(prop, column, alias, columns)
        return f"{column}::varchar"

    def _decimal(self, prop: Property, column: str, alias: str, columns: frozenset[str]) -> str:
        """A decimal as text, with as many decimals as its currency has."""

        def with_decimals(number: int) -> str:
            return f"coalesce({column}, 0)::decimal(18, {number})::varchar"

        if "Currency" in prop.unit and prop.unit in columns:
            unit = f'{alias}."{prop.unit}"'
            text = (
                f"case when {unit} in {_NO_DECIMALS} then {with_decimals(0)} when {unit} in {_THREE_DECIMALS} then {with_decimals(3)} "
                f"else {with_decimals(2)} end"
            )
        elif "Currency" in prop.unit:
            text = "'0.00'"
        else:
            text = with_decimals(prop.scale)
        return text if self._dialect.decimals_as_text else f"({text})::json"


_UNSEALED = frozenset({"$skiptoken", "$format", "$inlinecount", "$count"})
_ROW_KEY = {
    "GLAccountLineItem": ("Ledger", "SourceLedger", "CompanyCode", "FiscalYear", "AccountingDocument", "LedgerGLLineItem"),
}
"""Dimensions that tell every row from every other, in the order of the pages: grouping by them and more changes nothing."""


def _paths(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _number(options: Mapping[str, str], name: str) -> int | None:
    text = options.get(name)
    if text is None:
        return None
    if not text.isdigit():
        raise QueryError(f"Invalid value '{text}' of query option {name}")
    return int(text)


def _text(value: str) -> str:
    quoted = value.replace("'", "''")
    return f"'{quoted}'"


def next_link(address: str, options: Sequence[tuple[str, str]], token: str) -> str:
    """The link to the next page: the call's own options, and the token."""
    kept = [(name, value) for name, value in options if name != "$skiptoken"]
    query = "&".join(f"{quote(name, safe='$')}={quote(value)}" for name, value in [*kept, ("$skiptoken", token)])
    return f"{address}?{query}"
