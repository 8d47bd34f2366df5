"""SuiteQL to DuckDB: one SELECT over the account's own tables, parsed, checked against an allow-list, and translated.

Nothing reaches the database but expressions of :data:`_NODES` over tables and columns that the catalog shows, so that a query can
neither read files nor attach anything. Errors are worded as NetSuite words them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlglot import exp, parse, tokenize
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.tokens import TokenType

Catalog = Mapping[str, frozenset[str]]
"""Visible tables, each with its columns."""

HIDDEN = "_shown"  # kind, id, name: what BUILTIN.DF shows; not visible itself
_FOLLOWS = "Invalid search query. Detailed unprocessed description follows. "
_ROWNUM = "rownum"
_ALLOWED = """
    Select Union Intersect Except Subquery From Join Where Group Having Order Ordered Distinct Limit Fetch LimitOptions With CTE
    Table TableAlias Alias Column Identifier Literal Null Boolean Star Placeholder Paren Tuple Dot Neg
    And Or Not EQ NEQ GT GTE LT LTE Is In Between Like ILike Escape Exists Add Sub Mul Div DPipe Case If DecodeCase
    Count Sum Min Max Avg Coalesce Nullif ToChar ToNumber StrToTime StrToDate TsOrDsToDate Cast DataType DataTypeParam
    CurrentTimestamp CurrentDate Upper Lower Length Abs Round Floor Ceil Greatest Least Substring Trim Replace Concat
    DateTrunc TimestampTrunc Trunc AddMonths LastDay Extract Var Mod Sign Nvl2 Anonymous StrPosition
    Window WindowSpec RowNumber Rank DenseRank
"""
_NODES = frozenset(_ALLOWED.split())
_NAMED = frozenset({"DF", "CONSOLIDATE", "INSTR", "CONCAT", "ROWNUM"})
_MASK = re.compile(r'YYYY|YY|MONTH|MON|MM|DDD|DD|DAY|DY|HH24|HH12|HH|MI|SS|AM|PM|DS|TS|"[^"]*"|[-/.,:; T]', re.IGNORECASE)
_MASKS = {
    "YYYY": "%Y", "YY": "%y", "MONTH": "%B", "MON": "%b", "MM": "%m", "DDD": "%j", "DD": "%d", "DAY": "%A", "DY": "%a", "HH24": "%H",
    "HH12": "%I", "HH": "%I", "MI": "%M", "SS": "%S", "AM": "%p", "PM": "%p", "DS": "%-m/%-d/%Y", "TS": "%-I:%M:%S %p",
}  # fmt: skip
_UNITS = {
    "YYYY": "year",
    "YEAR": "year",
    "Q": "quarter",
    "QUARTER": "quarter",
    "MM": "month",
    "MONTH": "month",
    "DD": "day",
    "DAY": "day",
}
ACCOUNT_DATES = "%-m/%-d/%Y"


class QueryError(ValueError):
    """A query that NetSuite refuses; the text is the ``detail`` of its answer."""


@dataclass(frozen=True)
class Translated:
    """A query for DuckDB. ``ordered`` tells whether the caller gave an order."""

    query: exp.Query
    plain: bool
    """Of one table, row by row: its pages can be found before its columns are read."""

    @property
    def ordered(self) -> bool:
        """Whether the caller gave an order."""
        return self.query.args.get("order") is not None

    @property
    def sql(self) -> str:
        """The whole query."""
        return _written(self.query)

    def count(self, most: int) -> str:
        """How many rows match, ``most`` at most: no more are counted."""
        matching = self.sql
        if self.plain:
            bare = self.query.copy()
            bare.set("expressions", [exp.alias_(exp.Literal.number(1), "one")])
            bare.set("order", None)
            matching = _written(bare)
        return f"select count(*) from (select * from ({matching}) matching limit {most}) counted"

    def page(self, limit: int, offset: int) -> str:
        """Some of the rows, in the caller's order; without one in another order on each page, so that rows repeat and are missed."""
        if self.plain and self.ordered:
            keys = self.query.copy()
            keys.set("expressions", [exp.column("rowid")])
            found = exp.select("rowid").from_(keys.limit(limit).offset(offset).subquery("found"))
            query = self.query.copy()
            query.set("where", exp.Where(this=exp.In(this=exp.column("rowid"), query=found.subquery())))
            return _written(query)
        shuffle = "" if self.ordered else f"order by hash(q, {offset})"
        return f"select * from ({self.sql}) q {shuffle} limit {limit} offset {offset}"


def _written(query: exp.Query) -> str:
    return query.sql(dialect="duckdb", identify=True)


def translate(query: str, values: Sequence[object], catalog: Catalog, now: datetime) -> Translated:
    """Translate a query; ``values`` fill its placeholders, ``now`` is the account's own time.

    Raises :class:`QueryError`.
    """
    root = _parsed(query)
    _check_nodes(root)
    _check_names(root, catalog)
    _fill(root, values)
    for select in list(root.find_all(exp.Select)):
        _name_projections(select)
        _limit_by_fetch(select)
    for select in list(root.find_all(exp.Select)):
        root = _limit_by_rownum(root, select)
    plain = _is_plain(root, catalog)
    try:
        translated = Translated(root.transform(lambda node: _rewrite(node, now)), plain)
        _written(translated.query)
    except SqlglotError:
        raise QueryError(_FOLLOWS + "Invalid or unsupported search.") from None
    return translated


def _is_plain(root: exp.Query, catalog: Catalog) -> bool:
    """Whether each row of one table gives one row of the answer, and the order is by its own columns."""
    if not isinstance(root, exp.Select) or any(
        root.args.get(part) for part in ("joins", "group", "having", "distinct", "limit", "with_")
    ):
        return False
    source = root.args["from_"].this if root.args.get("from_") else None
    if (
        not isinstance(source, exp.Table)
        or source.name not in catalog
        or root.find(exp.AggFunc, exp.Window, exp.Subquery, exp.Exists)
    ):
        return False
    order = root.args.get("order")
    renamed = {projection.alias for projection in root.expressions if isinstance(projection, exp.Alias)}
    return order is None or all(
        isinstance(part.this, exp.Column)
        and part.this.name in catalog[source.name]
        and (part.this.table or part.this.name not in renamed)
        for part in order.expressions
    )


def _parsed(query: str) -> exp.Query:
    try:
        if any(token.token_type in {TokenType.LIMIT, TokenType.OFFSET} for token in tokenize(query, read="oracle")):
            raise QueryError(_FOLLOWS + "Search error occurred: Invalid or unsupported search: use limit and offset of the URL.")
        statements = parse(query, read="oracle")
    except (SqlglotError, RecursionError):
        raise QueryError(_FOLLOWS + "Search error occurred: Invalid or unsupported search.") from None
    if len(statements) != 1 or not isinstance(statements[0], exp.Select | exp.SetOperation):
        raise QueryError(_FOLLOWS + "Search error occurred: Only a single SELECT is supported.")
    return statements[0]


def _check_nodes(root: exp.Query) -> None:
    for node in root.walk():
        name = type(node).__name__
        unknown = name not in _NODES or (isinstance(node, exp.Anonymous) and str(node.this).upper() not in _NAMED)
        if unknown or (isinstance(node, exp.Table) and not isinstance(node.this, exp.Identifier)):
            told = str(node.this) if isinstance(node, exp.Anonymous) else name
            raise QueryError(f"{_FOLLOWS}Search error occurred: Unknown or unsupported function or clause '{told[:60]}'.")
        if isinstance(node, exp.Table) and (node.db or node.catalog):
            raise QueryError(f"{_FOLLOWS}Search error occurred: Record '{node.sql()[:80]}' was not found.")
        if isinstance(node, exp.Dot) and not _builtin(node):
            raise QueryError(f"{_FOLLOWS}Search error occurred: Invalid or unsupported search.")
        if isinstance(node, exp.Identifier):
            node.set("this", node.name.lower())
        if isinstance(node, exp.With) and node.args.get("recursive"):
            raise QueryError(f"{_FOLLOWS}Search error occurred: Invalid or unsupported search.")


def _builtin(node: exp.Dot) -> bool:
    return (
        isinstance(node.expression, exp.Anonymous) and isinstance(node.this, exp.Identifier) and node.this.name.lower() == "builtin"
    )


def _check_names(root: exp.Query, catalog: Catalog) -> None:
    """Every table and every column must be one that the account shows."""
    own = {cte.alias for cte in root.find_all(exp.CTE)}
    for table in root.find_all(exp.Table):
        if table.name not in catalog and table.name not in own:
            raise QueryError(f"{_FOLLOWS}Search error occurred: Record '{table.name}' was not found.")
    for scope in traverse_scope(root):
        for column in scope.columns:
            # The scope also lists what its subqueries could not resolve: those are looked at in their own place.
            if column.find_ancestor(exp.Query) is scope.expression and not (column.name == _ROWNUM and not column.table):
                _check_column(column, scope, catalog)


def _check_column(column: exp.Column, scope: Scope, catalog: Catalog) -> None:
    looked: Scope | None = scope
    missed = ""
    if isinstance(scope.expression, exp.SetOperation) and column.name in scope.expression.named_selects:
        return
    while looked is not None:
        sources = {column.table: looked.sources.get(column.table)} if column.table else looked.sources
        for name, source in sources.items():
            if isinstance(source, exp.Table):
                if column.name in catalog.get(source.name, frozenset()) or isinstance(column.this, exp.Star):
                    return
                missed = missed or source.name
            elif source is not None:
                shown = getattr(source.expression, "named_selects", ())
                if column.name in shown or source.expression.is_star or isinstance(column.this, exp.Star):
                    return
                missed = missed or name
        looked = looked.parent
    if missed:
        raise QueryError(
            f"{_FOLLOWS}Search error occurred: Field '{column.name}' for record '{missed}' was not found. Reason: REMOVED - Field is removed"
        )
    raise QueryError(f"{_FOLLOWS}Search error occurred: Unknown identifier '{column.table or column.name}'.")


def _fill(root: exp.Query, values: Sequence[object]) -> None:
    places = list(root.find_all(exp.Placeholder, bfs=False))
    if len(places) != len(values):
        raise QueryError(f"{_FOLLOWS}Search error occurred: {len(places)} parameters are expected, {len(values)} are given.")
    for place, value in zip(places, values, strict=True):
        place.replace(exp.Literal.number(value) if isinstance(value, int | float) else exp.Literal.string(str(value)))


def _name_projections(select: exp.Select) -> None:
    """Unnamed expressions are called expr1, expr2 and so on."""
    number = 0
    for projection in list(select.expressions):
        if isinstance(projection, exp.Column) and projection.name == _ROWNUM:
            projection.replace(exp.alias_(projection.copy(), _ROWNUM))
        star = isinstance(projection, exp.Star) or (isinstance(projection, exp.Column) and projection.is_star)
        if not star and (projection.alias_or_name in {"", "*"}):
            number += 1
            projection.replace(exp.alias_(projection.copy(), f"expr{number}"))


def _limit_by_fetch(select: exp.Select) -> None:
    fetch = select.args.get("limit")
    if isinstance(fetch, exp.Fetch):
        options = fetch.args.get("limit_options")
        if options is not None and (options.args.get("percent") or options.args.get("with_ties")):
            raise QueryError(_FOLLOWS + "Search error occurred: Invalid or unsupported search.")
        select.set("limit", exp.Limit(expression=(fetch.args.get("count") or exp.Literal.number(1)).copy()))


def _limit_by_rownum(root: exp.Query, select: exp.Select) -> exp.Query:
    """ROWNUM counts rows before they are ordered: the limit stands inside, the order outside."""
    where = select.args.get("where")
    parts = [] if where is None else list(where.this.flatten(unnest=False)) if isinstance(where.this, exp.And) else [where.this]
    limits = [part for part in parts if _of_rownum(part)]
    if not limits:
        return root
    most = min(_rownum_limit(part) for part in limits)
    others = [part for part in parts if part not in limits]
    select.set("where", exp.Where(this=exp.and_(*(part.copy() for part in others))) if others else None)
    order = select.args.get("order")
    inner = select.copy()
    inner.set("order", None)
    inner.set("limit", exp.Limit(expression=exp.Literal.number(most)))
    wrapped = inner if order is None else _ordered_outside(inner, order)
    if select is root:
        return wrapped
    select.replace(wrapped)
    return root


def _ordered_outside(inner: exp.Select, order: exp.Order) -> exp.Select:
    """A query around one that is limited, which puts its rows in order."""
    shown, parts = inner.named_selects, []
    if inner.is_star:
        raise QueryError(
            _FOLLOWS + "Search error occurred: Invalid or unsupported search: ROWNUM with ORDER BY needs named fields."
        )
    for number, part in enumerate(order.expressions, 1):
        name = part.this.name if isinstance(part.this, exp.Column) and part.this.name in shown else f"_order{number}"
        if name not in shown:
            inner.append("expressions", exp.alias_(part.this.copy(), name))
        parts.append(exp.Ordered(this=exp.column(name), desc=part.args.get("desc"), nulls_first=part.args.get("nulls_first")))
    outer = exp.select(*(exp.column(name) for name in shown)).from_(inner.subquery("counted"))
    outer.set("order", exp.Order(expressions=parts))
    return outer


def _of_rownum(node: exp.Expr) -> bool:
    return (
        isinstance(node, exp.LTE | exp.LT | exp.EQ)
        and isinstance(node.this, exp.Column)
        and node.this.name == _ROWNUM
        and not node.this.table
    )


def _rownum_limit(node: exp.Expr) -> int:
    if not isinstance(node.expression, exp.Literal) or not node.expression.name.isdigit():
        raise QueryError(_FOLLOWS + "Search error occurred: ROWNUM is compared with whole numbers only.")
    number = int(node.expression.name)
    if isinstance(node, exp.EQ):
        return 1 if number == 1 else 0
    return number if isinstance(node, exp.LTE) else max(0, number - 1)


def _rewrite(node: exp.Expr, now: datetime) -> Any:
    if isinstance(node, exp.ToChar):
        mask = node.args.get("format")
        if mask is None:
            return exp.cast(node.this, "text")
        return exp.func("strftime", node.this, exp.Literal.string(_strftime(mask.name)), dialect="duckdb")
    if isinstance(node, exp.StrToTime | exp.StrToDate):
        given = node.args.get("format")
        return exp.Anonymous(this="strptime", expressions=[node.this, exp.Literal.string(given.name if given else ACCOUNT_DATES)])
    if isinstance(node, exp.CurrentTimestamp):
        return exp.cast(exp.Literal.string(now.strftime("%Y-%m-%d %H:%M:%S")), "timestamp")
    if isinstance(node, exp.CurrentDate):
        return exp.cast(exp.Literal.string(now.strftime("%Y-%m-%d")), "date")
    if isinstance(node, exp.DPipe):
        return exp.Anonymous(this="concat", expressions=[node.this, node.expression])
    if isinstance(node, exp.ToNumber):
        return exp.cast(node.this, "decimal(38, 10)")
    if isinstance(node, exp.Column) and node.name == _ROWNUM and not node.table:
        return exp.Window(this=exp.RowNumber())
    if isinstance(node, exp.DateTrunc | exp.TimestampTrunc):
        unit = _UNITS.get(str(node.args["unit"].name).upper())
        if unit is None:
            raise QueryError(_FOLLOWS + "Search error occurred: Invalid or unsupported search: TRUNC takes YYYY, Q, MM or DD.")
        return exp.Anonymous(this="date_trunc", expressions=[exp.Literal.string(unit), node.this])
    if isinstance(node, exp.Dot):
        return _displayed(node.expression)
    return node


def _displayed(call: exp.Expr) -> Any:
    """BUILTIN.DF as a look-up of what NetSuite shows; BUILTIN.CONSOLIDATE in the account's only currency is the amount itself."""
    arguments = call.expressions
    if str(call.this).upper() == "CONSOLIDATE" and arguments:
        return arguments[0]
    if str(call.this).upper() != "DF" or len(arguments) != 1 or not isinstance(arguments[0], exp.Column):
        raise QueryError(_FOLLOWS + "Search error occurred: Invalid or unsupported search: BUILTIN takes one field.")
    field = arguments[0]
    key: Any = exp.cast(field.copy(), "text")
    if field.name == "status":
        kind = exp.column("type", table=field.table or None)
        key = exp.Anonymous(this="concat", expressions=[kind, exp.Literal.string(":"), field.copy()])
    known = {"parent": "account", "item": "item", "createdby": "entity"}.get(field.name, field.name)
    found = exp.select("name").from_(exp.table_(HIDDEN, alias="shown"))
    found = found.where(exp.column("kind", table="shown").eq(exp.Literal.string(known)), exp.column("id", table="shown").eq(key))
    return exp.func(
        "coalesce",
        exp.select(exp.func("min", exp.column("name"))).from_(found.subquery("display")).subquery(),
        exp.cast(field.copy(), "text"),
    )


def _strftime(mask: str) -> str:
    """An Oracle date mask as one of strftime."""
    parts, at = [], 0
    while at < len(mask):
        found = _MASK.match(mask, at)
        if found is None:
            raise QueryError(f"{_FOLLOWS}Search error occurred: date format '{mask[:40]}' is not recognized.")
        part = found[0]
        parts.append(part[1:-1].replace("%", "%%") if part.startswith('"') else _MASKS.get(part.upper(), part))
        at = found.end()
    return "".join(parts)
