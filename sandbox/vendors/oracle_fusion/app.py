"""Oracle Fusion's Financials REST API over tables: collections, items, children, describe, filters and errors as on the wire."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import duckdb
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from sandbox.vendors.oracle_fusion.balances import balances, rates
from sandbox.vendors.oracle_fusion.identity import Identity
from sandbox.vendors.oracle_fusion.query import Condition, Refusal, parse_fields, parse_finder, parse_order, parse_q
from sandbox.vendors.oracle_fusion.resources import DEFAULT_PAGE, LARGEST_PAGE, RESOURCES, Resource, every, unique_id
from sandbox.vendors.tables import Row, ShownTables
from sandbox.vendors.wire import VirtualClock

VERSIONS = ("11.13.18.05", "latest")
COLLECTION = "application/vnd.oracle.adf.resourcecollection+json"
ITEM = "application/vnd.oracle.adf.resourceitem+json"
ERROR = "application/vnd.oracle.adf.error+json"
_FRAMEWORKS = range(1, 10)
_PAGED_CHILDREN = 3  # the framework from which expanded children are collections
_FATAL_FIELDS = {"standardReceipts": frozenset({"Comments", "Status", "State"})}
_LOGIN = "<html><head><title>401 Authorization Required</title></head><body><h1>401 Authorization Required</h1></body></html>"
_encoder = msgspec.json.Encoder(decimal_format="number")
Reader = Callable[[ShownTables, str | None], Sequence[Row]]


class NoSuchThing(LookupError):
    """A path that leads nowhere: 404."""


class Breakdown(RuntimeError):
    """What the server answers with 500."""


@dataclass(frozen=True)
class Asked:
    """The parameters of one call, read and checked."""

    framework: int
    only_data: bool
    limit: int
    offset: int
    total: bool
    fields: Mapping[str, frozenset[str]] | None
    expand: frozenset[str]

    @classmethod
    def of(cls, request: Request) -> Asked:
        """Read the parameters. Raises :class:`Refusal`."""
        query = request.query_params
        framework = request.headers.get("rest-framework-version", "1")
        if not framework.isdigit() or int(framework) not in _FRAMEWORKS:
            raise Refusal(f"The value {framework} of the header REST-Framework-Version is not valid.")
        fields = parse_fields(query["fields"]) if "fields" in query else None
        wanted = fields if fields is not None else {path.strip(): frozenset() for path in query.get("expand", "").split(",")}
        return cls(
            framework=int(framework),
            only_data=query.get("onlyData", "false").lower() == "true",
            limit=_whole(query.get("limit"), "limit", DEFAULT_PAGE, 1),
            offset=_whole(query.get("offset"), "offset", 0, 0),
            total=query.get("totalResults", "false").lower() == "true",
            fields=fields,
            expand=frozenset(path for path in wanted if path),
        )


@dataclass
class FusionApi:
    """The emulator's state beside the books: credentials, and attributes that it was told not to search by."""

    tables: ShownTables
    clock: VirtualClock
    unqueryable: dict[str, set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.identity = Identity(self.clock.now)
        self._columns: dict[str, dict[str, str]] = {}

    def app(self, more: Iterable[Route] = ()) -> Starlette:
        """The application to mount."""
        return Starlette(
            routes=[
                Route("/oauth2/v1/token", self.identity.token, methods=["POST"]),
                Route("/fscmRestApi/resources/{version}/{path:path}", self._answer),
                Route("/_sandbox/certificate", self._register, methods=["POST"]),
                Route("/_sandbox/unqueryable", self._forget, methods=["POST"]),
                *more,
            ]
        )

    def error(self, kind: str) -> Response:
        """Fusion's own bodies: no published limits, so that overload is 503 and 500."""
        if kind == "throttle":
            return Response("<html><body><h1>503 Service Temporarily Unavailable</h1></body></html>", 503, media_type="text/html")
        if kind == "day_limit":
            return Response(
                "<html><body><h1>Maintenance in progress</h1></body></html>", 503, {"Retry-After": "36000"}, media_type="text/html"
            )
        if kind == "unauthorized":
            return Response(_LOGIN, 401, {"WWW-Authenticate": 'Basic realm="oracle"'}, media_type="text/html")
        if kind == "forbidden":
            return PlainTextResponse("You don't have the privileges to access this resource.", 403)
        if kind == "error_200":
            return Response(
                _problem(500, "Internal Server Error", "JBO-25200: The application state cannot be restored."),
                200,
                media_type=ERROR,
            )
        return PlainTextResponse("Internal Server Error", 500)

    async def _register(self, request: Request) -> Response:
        return JSONResponse({"thumbprint": self.identity.register(await request.body())})

    async def _forget(self, request: Request) -> Response:
        """``{"resource": ["LastUpdateDate"]}``: attributes that cannot be searched by from now on."""
        for name, attributes in msgspec.json.decode(await request.body(), type=dict[str, set[str]]).items():
            self.unqueryable[name] = attributes
        return JSONResponse({name: sorted(attributes) for name, attributes in self.unqueryable.items()})

    def _answer(self, request: Request) -> Response:
        if not self.identity.is_known(request.headers.get("authorization")):
            return self.error("unauthorized")
        try:
            return self._found(request)
        except NoSuchThing:
            return _told(request, 404, "Not Found", "The requested resource was not found.")
        except (Refusal, duckdb.ConversionException, duckdb.InvalidInputException) as trouble:
            return _told(
                request,
                400,
                "Bad Request",
                str(trouble) if isinstance(trouble, Refusal) else "URL request parameter q is not valid.",
            )
        except Breakdown:
            return self.error("server_error")

    def _found(self, request: Request) -> Response:
        parts = [part for part in request.path_params["path"].split("/") if part]
        if request.path_params["version"] not in VERSIONS or not parts or parts[0] not in RESOURCES:
            raise NoSuchThing
        asked = Asked.of(request)
        here = f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}"
        base = f"{here}/fscmRestApi/resources/{request.path_params['version']}"
        resource, href = RESOURCES[parts[0]], f"{base}/{parts[0]}"
        if parts[1:] == ["describe"]:
            return JSONResponse(
                {"Resources": {resource.name: self._description(resource, href)}},
                media_type="application/vnd.oracle.adf.description+json",
            )
        where = Condition()
        rest = parts[1:]
        while rest:
            row = self._item(resource, where, rest.pop(0))
            href = self._address(resource, href, row)
            if not rest:
                body = self._shaped(resource, [row], asked, [href.rpartition("/")[0]], "")[0]
                return _reply(_encoder.encode(body), ITEM, asked)
            if len(rest) == 1 or rest.pop(0) != "child":
                raise NoSuchThing
            child = resource.child(rest.pop(0))
            if child is None:
                raise NoSuchThing
            where = _inside(child, row)
            resource, href = child, f"{href}/child/{child.name}"
        return self._collection(request, resource, where, asked, href)

    def _collection(self, request: Request, resource: Resource, where: Condition, asked: Asked, href: str) -> Response:
        query = request.query_params
        limit = min(asked.limit, LARGEST_PAGE, resource.cap)
        self._check(resource, asked, query)
        if resource.name in _BY_FINDER:
            found = list(_BY_FINDER[resource.name](self.tables, query.get("finder")))
            total, rows = len(found), found[asked.offset : asked.offset + limit + 1]
        else:
            columns = self.columns(resource)
            if "finder" in query:
                for variable, value in parse_finder(query["finder"], resource.finders)[1].items():
                    where.also(f'"{variable}" = ?::varchar::{columns[variable]}', value)
            if query.get("q"):
                unqueryable = resource.unqueryable | self.unqueryable.get(resource.name, set())
                filtered = parse_q(query["q"], columns, unqueryable, asked.framework)
                where.also(filtered.sql, *filtered.values)
            order = parse_order(query.get("orderBy"), columns, resource.key)
            total = (
                self.tables.one(f'select count(*) as n from "{resource.name}" where {where.sql}', where.values)["n"]
                if asked.total
                else 0
            )
            rows = self.tables.rows(
                f'select * from "{resource.name}" where {where.sql} order by {order} limit ? offset ?',
                [*where.values, limit + 1, asked.offset],
            )
        more = len(rows) > limit
        rows = rows[:limit]
        body: dict[str, Any] = {"items": self._shaped(resource, rows, asked, [href] * len(rows), "")}
        if asked.total:
            body["totalResults"] = total
        body |= {"count": len(rows), "hasMore": more, "limit": limit, "offset": asked.offset}
        body["links"] = [{"rel": "self", "href": href, "name": resource.name, "kind": "collection"}]
        return _reply(_encoder.encode(body), COLLECTION, asked)

    def _check(self, resource: Resource, asked: Asked, query: Mapping[str, str]) -> None:
        """What a resource cannot do, whatever is asked of it."""
        for path in asked.expand:
            at: Resource | None = resource
            for name in [] if path == "all" else path.split("."):
                at = at.child(name) if at else None
            if at is None:
                raise Refusal(f"URL request parameter expand with value {query.get('expand', path)} is not valid.")
        for path, names in (asked.fields or {}).items():
            known = self.columns(every()[path.rpartition(".")[2]] if path else resource)
            if unknown := sorted(
                names - known.keys() - (_BALANCE_ATTRIBUTES if resource.name == "ledgerBalances" else frozenset())
            ):
                raise Refusal(
                    f"URL request parameter fields with value {query['fields']} is not valid: attribute {unknown[0]} was not found."
                )
            if names & _FATAL_FIELDS.get(resource.name, frozenset()):
                raise Breakdown

    def _item(self, resource: Resource, where: Condition, key: str) -> Row:
        """The row at an address. Raises :class:`NoSuchThing`."""
        found = Condition(where.sql, list(where.values))
        plain = (int(key),) if key.isdigit() else ()
        values = _key_of(key, len(resource.key)) if resource.opaque else plain
        if len(values) != len(resource.key) or resource.name in _BY_FINDER:
            raise NoSuchThing
        for name, value in zip(resource.key, values, strict=True):
            found.also(f'"{name}" = ?', value)
        rows = self.tables.rows(f'select * from "{resource.name}" where {found.sql} limit 1', found.values)
        if not rows:
            raise NoSuchThing
        return rows[0]

    def _address(self, resource: Resource, collection: str, row: Row) -> str:
        values = tuple(row[name] for name in resource.key)
        return f"{collection}/{unique_id(values) if resource.opaque else values[0]}"

    def _shaped(
        self, resource: Resource, rows: Sequence[Row], asked: Asked, collections: Sequence[str], path: str
    ) -> list[dict[str, Any]]:
        """Items with their expanded children and links."""
        wanted = asked.fields.get(path) if asked.fields is not None else None
        items = [
            {name: _wire(value) for name, value in row.items() if name[0] != "$" and (wanted is None or name in wanted)}
            for row in rows
        ]
        hrefs = [self._address(resource, collection, row) for row, collection in zip(rows, collections, strict=True)]
        for child in resource.children:
            inner = f"{path}.{child.name}" if path else child.name
            if any(asking == inner or asking.startswith(f"{inner}.") or (asking == "all" and not path) for asking in asked.expand):
                self._add_children(child, rows, items, asked, hrefs, inner)
        if not asked.only_data:
            for row, item, href in zip(rows, items, hrefs, strict=True):
                item["links"] = _links(resource, row, href, nested="/child/" in href)
        return items

    def _add_children(
        self,
        child: Resource,
        rows: Sequence[Row],
        items: list[dict[str, Any]],
        asked: Asked,
        hrefs: Sequence[str],
        path: str,
    ) -> None:
        """The first page of each item's children (from framework 3 on), or all of them."""
        size = min(DEFAULT_PAGE, child.cap)
        paged = asked.framework >= _PAGED_CHILDREN
        keys = [tuple(_inside(child, row).values) for row in rows]
        found = self._children(child, keys, size if paged else None)
        grouped: dict[tuple[object, ...], list[Row]] = {}
        for row in found:
            grouped.setdefault(tuple(row[name] for name in child.parent), []).append(row)
        shown = [grouped.get(key, [])[: size if paged else None] for key in keys]
        addresses = [f"{href}/child/{child.name}" for href in hrefs]
        flat = [row for mine in shown for row in mine]
        within = [address for mine, address in zip(shown, addresses, strict=True) for _ in mine]
        bodies = iter(self._shaped(child, flat, asked, within, path))
        for item, key, mine, address in zip(items, keys, shown, addresses, strict=True):
            own = [next(bodies) for _ in mine]
            if not paged:
                item[child.name] = own
                continue
            more = len(grouped.get(key, [])) > size
            item[child.name] = {"items": own, "count": len(own), "hasMore": more, "limit": size, "offset": 0}
            if not asked.only_data:
                item[child.name]["links"] = [{"rel": "self", "href": address, "name": child.name, "kind": "collection"}]

    def _children(self, child: Resource, keys: Sequence[tuple[object, ...]], size: int | None) -> list[Row]:
        if not keys:
            return []
        parent = ", ".join(f'"{name}"' for name in child.parent)
        order = ", ".join(f'"{name}"' for name in child.key)
        places = ", ".join(f"({', '.join('?' * len(child.parent))})" for _ in keys)
        limit = f"qualify row_number() over (partition by {parent} order by {order}) <= {size + 1}" if size else ""
        sql = f'select * from "{child.name}" where ({parent}) in ({places}) {limit} order by {parent}, {order}'
        return self.tables.rows(sql, [value for key in keys for value in key])

    def columns(self, resource: Resource) -> dict[str, str]:
        """The attributes of a resource and their SQL types, hidden ones too."""
        if resource.name not in self._columns:
            described = self.tables.rows(f'describe main."{resource.name}"')
            self._columns[resource.name] = {row["column_name"]: row["column_type"] for row in described}
        return self._columns[resource.name]

    def _description(self, resource: Resource, href: str) -> dict[str, Any]:
        """What ``describe`` tells of a resource."""
        unqueryable = resource.unqueryable | self.unqueryable.get(resource.name, set())
        kinds = {"BIGINT": "integer", "INTEGER": "integer", "DATE": "date", "TIMESTAMP": "datetime", "BOOLEAN": "boolean"}
        attributes = [
            {
                "name": name,
                "type": kinds.get(kind, "number" if kind.startswith(("DECIMAL", "DOUBLE")) else "string"),
                "updatable": False,
                "mandatory": name in resource.key,
                "queryable": name not in unqueryable,
            }
            for name, kind in self.columns(resource).items()
            if name[0] != "$"
        ]
        finders = [
            {"name": name, "attributes": [{"name": variable, "required": name != "JournalsFinder"} for variable in variables]}
            for name, variables in resource.finders.items()
        ]
        return {
            "discrColumnType": False,
            "title": resource.title or resource.name,
            "attributes": attributes,
            "collection": {"rangeSize": DEFAULT_PAGE, "finders": finders, "links": [{"rel": "self", "href": href, "name": "self"}]},
            "children": {child.name: {"$ref": f"{href}/describe#{child.name}"} for child in resource.children},
        }


_BY_FINDER: Mapping[str, Reader] = {"ledgerBalances": balances, "currencyRates": rates}
_BALANCE_ATTRIBUTES = frozenset(
    [
        "LedgerName",
        "LedgerSetName",
        "Currency",
        "CurrentAccountingPeriod",
        "PeriodName",
        "AccountCombination",
        "DetailAccountCombination",
        "BeginningBalance",
        "PeriodActivity",
        "EndingBalance",
        "AmountType",
        "CurrencyType",
        "Scenario",
        "AccountGroupName",
        "AccountName",
        "CurrentPeriodBalance",
        "ActualBalance",
        "BudgetBalance",
    ]
)


def _inside(child: Resource, row: Row) -> Condition:
    """The children of a row: their hidden columns hold its key, or what it hands down."""
    where = Condition()
    for name in child.parent:
        where.also(f'"{name}" = ?', row[name] if name in row else row[name.removeprefix("$")])
    return where


def _links(resource: Resource, row: Row, href: str, *, nested: bool) -> list[dict[str, Any]]:
    changed = hashlib.blake2b(repr(row).encode(), digest_size=16).hexdigest().upper()
    links: list[dict[str, Any]] = [
        {"rel": "self", "href": href, "name": resource.name, "kind": "item", "properties": {"changeIndicator": changed}},
        {"rel": "canonical", "href": href, "name": resource.name, "kind": "item"},
    ]
    if nested:
        parent = href.rpartition("/child/")[0]
        links.append({"rel": "parent", "href": parent, "name": parent.split("/")[-2], "kind": "item"})
    links += [
        {"rel": "child", "href": f"{href}/child/{child.name}", "name": child.name, "kind": "collection"}
        for child in resource.children
    ]
    return links


def _wire(value: Any) -> Any:
    """A value as Fusion writes it: plain numbers, ISO dates, moments with their offset."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else value.normalize()
    if isinstance(value, float):
        return _wire(Decimal(repr(value)))
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%S}+00:00"
    if isinstance(value, date):
        return value.isoformat()
    return value


def _key_of(text: str, parts: int) -> tuple[int, ...]:
    """The whole numbers in an opaque key; nothing where it is not one of ours."""
    match = re.fullmatch(rf"{parts:04X}((?:0000000EACED00057708[0-9A-F]{{16}}){{{parts}}})", text)
    if match is None:
        return ()
    return tuple(int(match[1][at + 20 : at + 36], 16) for at in range(0, len(match[1]), 36))


def _whole(text: str | None, name: str, default: int, least: int) -> int:
    if text is None:
        return default
    if not text.isdigit() or int(text) < least:
        raise Refusal(f"URL request parameter {name} with value {text} is not valid.")
    return int(text)


def _problem(status: int, title: str, detail: str) -> bytes:
    return msgspec.json.encode(
        {"title": title, "status": str(status), "o:errorDetails": [{"detail": detail, "o:errorCode": "27520", "o:errorPath": "/"}]}
    )


def _told(request: Request, status: int, title: str, detail: str) -> Response:
    """An error: JSON for those who accept it, else plain text."""
    if ERROR in request.headers.get("accept", ""):
        return Response(_problem(status, title, detail), status, media_type=ERROR)
    return PlainTextResponse(detail, status)


def _reply(body: bytes, media_type: str, asked: Asked) -> Response:
    return Response(body, 200, {"REST-Framework-Version": str(asked.framework)}, media_type=media_type)
