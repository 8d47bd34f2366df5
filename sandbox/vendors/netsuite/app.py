"""NetSuite's REST services: SuiteQL, its token endpoint, governance limits and the bare lists of records."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import duckdb
import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.vendors.netsuite.access import ACCOUNT, Access
from sandbox.vendors.netsuite.suiteql import ACCOUNT_DATES, Catalog, QueryError, Translated, translate
from sandbox.vendors.wire import VirtualClock

NAME = "netsuite"
TIME_ZONE = "America/Los_Angeles"
LARGEST_PAGE = 1000
CAP = 100_000
CONCURRENT = 5
_RESOURCE = "application/vnd.oracle.resource+json"
_PROTOCOL = "https://www.w3.org/Protocols/rfc2616/rfc2616-sec10.html"
_TITLES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    429: "Bad Request",
    500: "Internal Server Error",
}
_NUMBERS = ("DECIMAL", "DOUBLE", "FLOAT", "HUGEINT")
_RECORDS = {
    "account": ("account", ""), "customer": ("customer", ""), "vendor": ("vendor", ""), "subsidiary": ("subsidiary", ""),
    "invoice": ("transaction", "CustInvc"), "creditMemo": ("transaction", "CustCred"), "vendorBill": ("transaction", "VendBill"),
    "vendorCredit": ("transaction", "VendCred"), "journalEntry": ("transaction", "Journal"), "customerPayment": ("transaction", "CustPymt"),
}  # fmt: skip
_CHANGED = re.compile(r'^\s*lastModifiedDate\s+(ON_OR_AFTER|AFTER)\s+"(\d{1,2}/\d{1,2}/\d{4})"\s*$')
MACROS = r"""
create or replace macro shown_number(x) as
    case when x = 0 then '0' else regexp_replace(regexp_replace(x::varchar, '(\.\d*?)0+$', '\1'), '^(-?)0?(\.?.*?)\.?$', '\1\2') end;
"""


class Store(Protocol):
    """Where the tables are."""

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor of its own, which the caller closes."""


@dataclass
class NetSuiteApi:
    """The emulator's state beside the books.

    ``without`` names tables and fields (``transactionline.class``) that the account or the role lacks; a query that names a field of
    ``broken`` dies with an unexpected error, as one bad column does. ``limits`` False lets any number of calls run at once.
    """

    store: Store
    clock: VirtualClock
    access: Access
    limits: bool = True
    without: frozenset[str] = frozenset()
    broken: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        self._running = 0
        self._lock = threading.Lock()
        with self._cursor() as cursor:
            cursor.execute(MACROS)
            found = cursor.execute(
                "select table_name, column_name from duckdb_columns() where schema_name = 'main' and database_name = current_database()"
            )
            columns: dict[str, set[str]] = {}
            for table, column in found.fetchall():
                columns.setdefault(table, set()).add(column)
            # Whatever a query could smuggle past the translation finds no file and no way to change that.
            cursor.execute("set enable_external_access = false")
        self._catalog: Catalog = {
            table: frozenset(name for name in names if f"{table}.{name}" not in self.without)
            for table, names in columns.items()
            if not table.startswith("_") and table not in self.without
        }

    def app(self) -> Starlette:
        """The application to mount."""
        rest = "/services/rest"
        return Starlette(
            routes=[
                Route(rest + "/auth/oauth2/v1/token", self.access.token, methods=["POST"]),
                Route(rest + "/auth/oauth2/v1/keys", self.access.keys),
                Route(rest + "/query/v1/suiteql", self._suiteql, methods=["POST"]),
                Route(rest + "/system/v1/governanceLimits", self._governance),
                Route(rest + "/record/v1/{type}", self._records),
            ],
            exception_handlers={404: lambda *_: problem(404, "NONEXISTENT_ID", "The requested resource does not exist.")},
        )

    def error(self, kind: str) -> Response:
        """NetSuite's own error bodies."""
        if kind in {"throttle", "day_limit"}:
            reply = problem(
                429, "CONCURRENCY_LIMIT_EXCEEDED", "Concurrent request limit exceeded. Request blocked.", code="USER_ERROR"
            )
            if kind == "day_limit":
                reply.headers["Retry-After"] = "36000"
            return reply
        if kind == "unauthorized":
            return _unauthorized()
        if kind == "forbidden":
            return problem(403, "INSUFFICIENT_PERMISSION", "You do not have the required permissions to access this record.")
        if kind == "error_200":
            reply = problem(400, "USER_ERROR", "An error occurred during query execution.")
            reply.status_code = 200
            return reply
        return problem(500, "UNEXPECTED_ERROR", f"An unexpected error occurred. Error ID: {uuid.uuid4().hex[:16]}")

    async def _suiteql(self, request: Request) -> Response:
        body = await request.body()
        with self._lock:
            blocked = self.limits and self._running >= CONCURRENT
            self._running += not blocked
        if blocked:
            return self.error("throttle")
        try:
            return await run_in_threadpool(self._answer, request, body)
        finally:
            with self._lock:
                self._running -= 1

    def _answer(self, request: Request, body: bytes) -> Response:
        if not self.access.allows(request):
            return _unauthorized()
        if "transient" not in request.headers.get("prefer", "").lower():
            detail = "The required request header 'Prefer' is missing or has an invalid value. Use 'Prefer: transient'."
            return problem(400, "INVALID_REQUEST", detail, **{"o:errorHeader": "Prefer"})
        try:
            limit, offset = _page(request)
        except ValueError as trouble:
            return problem(
                400, "INVALID_PARAMETER", str(trouble), **{"o:errorQueryParam": "limit" if "limit" in str(trouble) else "offset"}
            )
        try:
            asked = msgspec.json.decode(body, type=_Asked)
        except msgspec.DecodeError:
            return problem(
                400,
                "INVALID_CONTENT",
                "Invalid content in the request body. A JSON object with 'q' is expected.",
                **{"o:errorPath": "q"},
            )
        now = self.clock.now().astimezone(ZoneInfo(TIME_ZONE)).replace(tzinfo=None)
        try:
            query = translate(asked.q, asked.params, self._catalog, now)
            if any(re.search(rf"\b{re.escape(name.rpartition('.')[2])}\b", asked.q, re.IGNORECASE) for name in self.broken):
                return self.error("server_error")
            items, total = self._run(query, limit, offset)
        except QueryError as trouble:
            return problem(400, "INVALID_PARAMETER", str(trouble))
        except duckdb.Error as trouble:
            told = f"Invalid search query. Detailed unprocessed description follows. Search error occurred: {_plain(trouble)}"
            return problem(400, "INVALID_PARAMETER", told)
        return _listing(request, items, limit, offset, total)

    def _run(self, query: Translated, limit: int, offset: int) -> tuple[list[dict[str, str]], int]:
        """One page of rows as texts without nulls, and how many there are, 100,000 at most."""
        with self._cursor() as cursor:
            described = cursor.execute(f"describe {query.sql}").fetchall()
            texts = [_text(str(name), str(kind)) for name, kind, *_ in described]
            found = cursor.execute(query.count(CAP)).fetchone()
            total = int(found[0]) if found else 0
            page = query.page(max(0, min(limit, CAP - offset)), offset)
            rows = cursor.execute(f"select {', '.join(texts)} from ({page}) page").fetchall()
        names = [str(name).lower() for name, *_ in described]
        return [{name: value for name, value in zip(names, row, strict=True) if value is not None} for row in rows], total

    def _governance(self, request: Request) -> Response:
        if not self.access.allows(request):
            return _unauthorized()
        free = max(0, CONCURRENT - self._running)
        limits = {
            "accountConcurrencyLimit": CONCURRENT,
            "accountUnallocatedConcurrencyLimit": free,
            "integrationConcurrencyLimit": CONCURRENT,
        }
        return _reply({**limits, "integrationLimitType": "accountSpecific"}, 200, "singular")

    def _records(self, request: Request) -> Response:
        """Bare lists: ids and links, as the record API gives them."""
        if not self.access.allows(request):
            return _unauthorized()
        known = _RECORDS.get(request.path_params["type"])
        if known is None or known[0] not in self._catalog:
            return problem(404, "NONEXISTENT_ID", f"Record type '{request.path_params['type']}' does not exist.")
        conditions = [f"type = '{known[1]}'"] if known[1] else []
        if request.query_params.get("q"):
            match = _CHANGED.match(request.query_params["q"])
            if match is None:
                return problem(400, "INVALID_PARAMETER", "Invalid search query.", **{"o:errorQueryParam": "q"})
            day = f"TO_DATE('{match[2]}', 'MM/DD/YYYY')"
            conditions.append(f"lastmodifieddate >= {day}" if match[1] == "ON_OR_AFTER" else f"lastmodifieddate >= {day} + 1")
        try:
            limit, offset = _page(request)
        except ValueError as trouble:
            return problem(400, "INVALID_PARAMETER", str(trouble))
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        query = translate(f"SELECT id FROM {known[0]}{where} ORDER BY id", [], self._catalog, self.clock.now())
        items, total = self._run(query, limit, offset)
        here = str(request.url.replace(query=""))
        linked = [{"links": [{"rel": "self", "href": f"{here}/{item['id']}"}], "id": item["id"]} for item in items]
        return _listing(request, linked, limit, offset, total)

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self.store.cursor()
        try:
            yield cursor
        finally:
            cursor.close()


class _Asked(msgspec.Struct):
    q: str
    params: list[str | int | float] = []


def _page(request: Request) -> tuple[int, int]:
    query = request.query_params
    try:
        limit, offset = int(query.get("limit", str(LARGEST_PAGE))), int(query.get("offset", "0"))
    except ValueError:
        raise ValueError("Invalid value for the query parameter limit or offset: whole numbers are expected.") from None
    if not 1 <= limit <= LARGEST_PAGE:
        raise ValueError(f"Invalid value for the query parameter limit: it must be between 1 and {LARGEST_PAGE}.")
    if offset < 0 or offset % limit:
        raise ValueError("Invalid value for the query parameter offset: it must be divisible by the page size.")
    return limit, offset


def _text(name: str, kind: str) -> str:
    """A column as NetSuite writes it: everything is text, dates are in the account's format."""
    column = '"' + name.replace('"', '""') + '"'
    if kind.startswith(("DATE", "TIMESTAMP")):
        return f"strftime({column}, '{ACCOUNT_DATES}') as {column}"
    if kind.startswith(_NUMBERS):
        return f"shown_number({column}) as {column}"
    if kind == "BOOLEAN":
        return f"case when {column} then 'T' when not {column} then 'F' end as {column}"
    return f"{column}::varchar as {column}"


def _listing(request: Request, items: list[Any], limit: int, offset: int, total: int) -> Response:
    def link(rel: str, at: int) -> dict[str, str]:
        return {"rel": rel, "href": str(request.url.include_query_params(limit=limit, offset=at))}

    more = offset + len(items) < total
    links = [link("next", offset + limit)] if more else []
    links += [link("first", 0), link("previous", max(0, offset - limit))] if offset else []
    links += [link("last", (total - 1) // limit * limit)] if more else []
    links.append(link("self", offset))
    rows = [{"links": [], **item} for item in items]
    return _reply(
        {"links": links, "count": len(rows), "hasMore": more, "items": rows, "offset": offset, "totalResults": total},
        200,
        "collection",
    )


def _reply(body: Mapping[str, Any], status: int, kind: str) -> Response:
    return Response(msgspec.json.encode(body), status, {"X-NetSuite-Account": ACCOUNT}, media_type=f"{_RESOURCE}; type={kind}")


def problem(status: int, detail_code: str, detail: str, *, code: str = "", **more: str) -> Response:
    """An error in NetSuite's envelope (RFC 7807 with Oracle's members)."""
    told = {"detail": detail, **more, "o:errorCode": detail_code}
    body = {
        "type": _PROTOCOL,
        "title": _TITLES[status],
        "status": status,
        **({"o:errorCode": code} if code else {}),
        "o:errorDetails": [told],
    }
    return _reply(body, status, "error")


def _unauthorized() -> Response:
    detail = "Invalid login attempt. For more details, see the Login Audit Trail in the NetSuite UI at Setup > Users/Roles > User Management > View Login Audit Trail."
    reply = problem(401, "INVALID_LOGIN", detail)
    reply.headers["WWW-Authenticate"] = (
        f'Bearer realm="{ACCOUNT}", error="invalid_token", error_description="Invalid login attempt."'
    )
    return reply


def _plain(trouble: Exception) -> str:
    """The first line of the engine's complaint, without its position marks."""
    return str(trouble).splitlines()[0].partition(":")[2].strip()[:200] or "Invalid or unsupported search."
