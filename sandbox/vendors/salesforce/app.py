"""Salesforce's REST API as one application: who may call, how often, and every part of it under its path."""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec
import pyarrow as pa
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from sandbox.vendors.salesforce import replies, soql
from sandbox.vendors.salesforce.access import Access
from sandbox.vendors.salesforce.bulk import BulkApi
from sandbox.vendors.salesforce.objects import ObjectType, children, visible
from sandbox.vendors.salesforce.replies import Refusal
from sandbox.vendors.salesforce.store import NAME, SalesforceStore
from sandbox.vendors.wire import CallLimit, Gate, VirtualClock

CALLS_IN_A_DAY = 100_000
BATCH, SMALLEST_BATCH = 2000, 200
_OPEN_CURSORS, _CURSOR_LIFE = 50, timedelta(days=2)
_REPLICATION_WINDOW = timedelta(days=30)
_VERSION = re.compile(r"v(\d\d)\.0")
_VERSIONS = range(31, 67)
_BASE = "/services/data/{version}"
_ERRORS: Mapping[str, tuple[int, str, str]] = {
    "throttle": (403, "REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded."),
    "day_limit": (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    "unauthorized": (401, "INVALID_SESSION_ID", "Session expired or invalid"),
    "forbidden": (403, "INSUFFICIENT_ACCESS", "insufficient access rights on cross-reference id"),
    "forbidden_api": (403, "API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization."),
    "forbidden_bulk": (403, "FeatureNotEnabled", "Async API not enabled"),
    "server_error": (500, "UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId if you contact support"),
    "server_error_busy": (503, "SERVER_UNAVAILABLE", "The server is temporarily unavailable"),
    "server_error_timeout": (400, "QUERY_TIMEOUT", "Your query request was running for too long."),
    "server_error_locator": (400, "INVALID_QUERY_LOCATOR", "invalid query locator"),
    "server_error_field": (400, "INVALID_FIELD", "\nNo such column 'Phone' on entity 'Lead'."),
    "error_200": (200, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
}


@dataclass
class _Cursor:
    """What is left of a query: all of its rows as they were when it began, and how many a page holds."""

    rows: pa.ChunkedArray
    batch: int
    opened_at: datetime


class SalesforceApi:
    """The emulator's state beside the org: sessions, query cursors, jobs and the counter of calls. ``limits`` False refuses nothing."""

    def __init__(
        self,
        store: SalesforceStore,
        clock: VirtualClock,
        access: Access,
        *,
        limits: bool = True,
        hidden: frozenset[str] = frozenset(),
        multi_currency: bool = True,
        only_rest: frozenset[str] = frozenset(),
        calls_a_day: int = CALLS_IN_A_DAY,
    ) -> None:
        self._store, self._clock, self._access, self._limits = store, clock, access, limits
        self._objects = visible(hidden, multi_currency=multi_currency)
        self._bulk = BulkApi(store, self._objects, clock.now, only_rest)
        self._day = CallLimit(calls_a_day, 86_400.0, clock.now)
        self._used = 0
        self._cursors: OrderedDict[str, _Cursor] = OrderedDict()
        self._made = 0

    def app(self) -> ASGIApp:
        """The application to mount."""
        inner = Starlette(
            routes=[
                Route("/services/oauth2/authorize", self._access.authorize),
                Route("/services/oauth2/token", self._access.token, methods=["POST"]),
                Route("/services/oauth2/revoke", self._access.revoke, methods=["GET", "POST"]),
                Route("/services/data", _versions),
                Route(_BASE, self._resources),
                Route(_BASE + "/limits", self._limits_told),
                Route(_BASE + "/query", self._query),
                Route(_BASE + "/queryAll", self._query_all),
                Route(_BASE + "/query/{locator}", self._query_more),
                Route(_BASE + "/queryAll/{locator}", self._query_more),
                Route(_BASE + "/sobjects", self._sobjects),
                Route(_BASE + "/sobjects/{object}", self._sobject),
                Route(_BASE + "/sobjects/{object}/describe", self._describe),
                Route(_BASE + "/sobjects/{object}/deleted", self._deleted),
                Route(_BASE + "/sobjects/{object}/updated", self._updated),
                Route(_BASE + "/sobjects/{object}/{id}", self._record),
                *self._bulk.routes(_BASE),
            ],
            exception_handlers={Refusal: _refused, HTTPException: _no_such_path},
        )
        return Gate(self.admit, inner)

    def error(self, kind: str) -> Response:
        """Salesforce's own error bodies."""
        return replies.error(*_ERRORS.get(kind, _ERRORS["server_error"]))

    def admit(self, scope: Scope) -> tuple[Response | None, dict[str, str]]:
        """What stops a call before it is looked at, if anything, and the headers that its answer carries anyhow."""
        path = _path_within(scope)
        if path.startswith("/services/oauth2") or path == "/services/data":
            return None, {}
        if not self._access.allows(Headers(scope=scope).get("authorization")):
            return self.error("unauthorized"), {}
        version = re.match(r"/services/data/([^/]+)", path)
        number = _VERSION.fullmatch(version[1]) if version else None
        if number is None or int(number[1]) not in _VERSIONS:
            return replies.error(404, *replies.NOT_FOUND), {}
        left = self._day.take()[0]
        self._used = self._day.calls - max(left, 0)
        headers = {"Sforce-Limit-Info": f"api-usage={self._used}/{self._day.calls}"}
        return (self.error("day_limit") if self._limits and left < 0 else None), headers

    def _resources(self, request: Request) -> Response:
        here = _services(request)
        return replies.reply({name: f"{here}/{name}" for name in ("sobjects", "query", "queryAll", "limits", "jobs")})

    def _limits_told(self, _request: Request) -> Response:
        jobs = 10_000
        return replies.reply(
            {
                "DailyApiRequests": {"Max": self._day.calls, "Remaining": self._day.calls - self._used},
                "DailyBulkV2QueryJobs": {"Max": jobs, "Remaining": jobs - self._bulk.made},
                "DailyBulkV2QueryFileStorageMB": {"Max": 976_562, "Remaining": 976_562},
                "DailyAsyncApexExecutions": {"Max": 250_000, "Remaining": 250_000},
            }
        )

    def _query(self, request: Request) -> Response:
        return self._first_page(request, deleted_too=False)

    def _query_all(self, request: Request) -> Response:
        return self._first_page(request, deleted_too=True)

    def _first_page(self, request: Request, *, deleted_too: bool) -> Response:
        text = request.query_params.get("q", "")
        if not text.strip():
            raise Refusal(400, "MALFORMED_QUERY", "unexpected token: '<EOF>'")
        query = soql.parse(text, self._objects, self._clock.now(), _services(request), deleted_too=deleted_too)
        if query.counts:
            ((total,),) = self._store.read(f"select count(*) {query.rest}", query.values)
            return replies.reply({"totalSize": total, "done": True, "records": []})
        rows = self._store.column(query.rows(), query.values)
        cursor = _Cursor(rows, _batch_size(request), self._clock.now())
        self._made += 1
        key = f"01g{self._made:012d}AAA"
        if len(rows) > cursor.batch:
            self._cursors[key] = cursor
            while len(self._cursors) > _OPEN_CURSORS:
                self._cursors.popitem(last=False)
        return self._page(request, key, cursor, 0)

    def _query_more(self, request: Request) -> Response:
        """The next page by its locator; it is under ``query`` for a queryAll too."""
        key, _, place = request.path_params["locator"].rpartition("-")
        cursor = self._cursors.get(key)
        if (
            cursor is None
            or not place.isdigit()
            or int(place) > len(cursor.rows)
            or self._clock.now() > cursor.opened_at + _CURSOR_LIFE
        ):
            raise Refusal(400, "INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(request, key, cursor, int(place))

    def _page(self, request: Request, key: str, cursor: _Cursor, start: int) -> Response:
        rows = cursor.rows.slice(start, cursor.batch).to_pylist()
        total, following = len(cursor.rows), start + len(rows)
        parts = [f'{{"totalSize":{total},"done":{str(following >= total).lower()}']
        if following < total:
            parts.append(f'"nextRecordsUrl":"{_services(request)}/query/{key}-{following}"')
        parts.append(f'"records":[{",".join(rows)}]}}')
        return replies.reply(",".join(parts).encode())

    def _object(self, request: Request) -> ObjectType:
        found = self._objects.get(request.path_params["object"].lower())
        if found is None:
            raise Refusal(404, *replies.NOT_FOUND)
        return found

    def _sobjects(self, request: Request) -> Response:
        here = _services(request)
        return replies.reply(
            {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [one.summary(here) for one in self._objects.values()]}
        )

    def _sobject(self, request: Request) -> Response:
        found = self._object(request)
        return replies.reply({"objectDescribe": found.summary(_services(request)), "recentItems": []})

    def _describe(self, request: Request) -> Response:
        found = self._object(request)
        fields = [field.described() for field in found.fields.values()]
        relations = [one.described() for one in children(found, self._objects)]
        return replies.reply(
            {**found.summary(_services(request)), "fields": fields, "childRelationships": relations, "recordTypeInfos": []}
        )

    def _record(self, request: Request) -> Response:
        """One record by its id, whole or the fields that were asked for."""
        found, key = self._object(request), soql.long_id(request.path_params["id"])
        names = request.query_params.get("fields") or ",".join(one.name for one in found.fields.values())
        if not re.fullmatch(r"\w{18}", key):
            raise Refusal(404, *replies.NOT_FOUND)
        text = f"SELECT {names} FROM {found.name} WHERE Id = '{key}'"
        query = soql.parse(text, self._objects, self._clock.now(), _services(request))
        rows = self._store.column(query.rows(), query.values).to_pylist()
        if not rows:
            raise Refusal(404, *replies.NOT_FOUND)
        return replies.reply(rows[0].encode())

    def _deleted(self, request: Request) -> Response:
        """Records deleted in a span of 30 days at most, as far as they lie in the recycle bin."""
        found, start, end = self._span(request)
        rows = self._store.read(
            f'select "Id", "SystemModstamp" from "{found.name}" where "IsDeleted" and "SystemModstamp" between ? and ? order by "Id"',
            [start, end],
        )
        told = [{"id": key, "deletedDate": replies.moment_text(moment)} for key, moment in rows]
        earliest = replies.moment_text(self._clock.horizon - timedelta(days=15))
        return replies.reply(
            {"deletedRecords": told, "earliestDateAvailable": earliest, "latestDateCovered": replies.moment_text(end)}
        )

    def _updated(self, request: Request) -> Response:
        found, start, end = self._span(request)
        rows = self._store.read(
            f'select "Id" from "{found.name}" where not "IsDeleted" and "SystemModstamp" between ? and ? order by "Id"',
            [start, end],
        )
        return replies.reply({"ids": [key for (key,) in rows], "latestDateCovered": replies.moment_text(end)})

    def _span(self, request: Request) -> tuple[ObjectType, datetime, datetime]:
        found = self._object(request)
        if not (found.has("IsDeleted") and found.has("SystemModstamp")):
            raise Refusal(400, "INVALID_TYPE", f"{found.name} is not replicateable")
        try:
            start, end = (_moment(request.query_params[name]) for name in ("start", "end"))
        except (KeyError, ValueError):
            raise Refusal(400, "INVALID_REPLICATION_DATE", "start and end must be moments") from None
        now = self._clock.now().replace(tzinfo=None)
        if start >= end:
            raise Refusal(400, "INVALID_REPLICATION_DATE", "startDate must be before endDate")
        if start < now - _REPLICATION_WINDOW:
            raise Refusal(400, "INVALID_REPLICATION_DATE", "startDate cannot be more than 30 days ago")
        return found, start, min(end, now)


def _path_within(scope: Scope) -> str:
    """The path below wherever the emulator is mounted: the vendor's own."""
    path = str(scope["path"])
    return path[path.index("/services/") :] if "/services/" in path else path


def _services(request: Request) -> str:
    """The path of the API's version as the vendor writes it in links: from the host's root, whatever stands before it here."""
    return f"/services/data/{request.path_params['version']}"


def _batch_size(request: Request) -> int:
    asked = re.search(r"batchSize=(\d+)", request.headers.get("sforce-query-options", ""))
    return min(BATCH, max(SMALLEST_BATCH, int(asked[1]))) if asked else BATCH


def _moment(text: str) -> datetime:
    """A moment of a query string, whose plus nobody may have encoded, as UTC without an offset."""
    return datetime.fromisoformat(text.replace(" ", "+")).astimezone(UTC).replace(tzinfo=None)


def _versions(_request: Request) -> Response:
    told = [{"label": f"Release {number}", "url": f"/services/data/v{number}.0", "version": f"{number}.0"} for number in _VERSIONS]
    return replies.reply(msgspec.json.encode(told))


def _refused(_request: Request, refusal: Exception) -> Response:
    return refusal.reply() if isinstance(refusal, Refusal) else replies.error(*_ERRORS["server_error"])


def _no_such_path(_request: Request, trouble: Exception) -> Response:
    status = trouble.status_code if isinstance(trouble, HTTPException) else 404
    if status == 405:
        return replies.error(405, "METHOD_NOT_ALLOWED", "HTTP Method not allowed. Allowed are GET,HEAD")
    return replies.error(status, *replies.NOT_FOUND)


__all__ = ["CALLS_IN_A_DAY", "NAME", "SalesforceApi"]
