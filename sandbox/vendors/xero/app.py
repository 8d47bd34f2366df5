"""Xero's Accounting API 2.0 over a store of books: envelopes, paging, filters, limits and errors as on the wire."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.vendors.tokens import TokenServer
from sandbox.vendors.wire import CallLimit, VirtualClock
from sandbox.vendors.xero.store import XeroStore, ms
from sandbox.vendors.xero.where import QueryParseError, condition, ordering

NAME = "xero"
JOURNALS_PER_PAGE = 100
DEFAULT_PAGE, LARGEST_PAGE = 100, 1000
_PAGED = {
    "Invoices",
    "CreditNotes",
    "BankTransactions",
    "Payments",
    "Prepayments",
    "Overpayments",
    "ManualJournals",
    "Contacts",
}
_LINES_ONLY_WHEN_PAGED = {"Invoices", "CreditNotes", "BankTransactions", "Prepayments", "Overpayments", "ManualJournals"}
_SCOPES = (
    "openid profile email accounting.transactions.read accounting.journals.read accounting.settings.read "
    "accounting.contacts.read accounting.budgets.read offline_access"
)


@dataclass
class XeroApi:
    """The emulator's state beside the books: tokens and call counters. ``limits`` False counts nothing."""

    store: XeroStore
    clock: VirtualClock
    tenant_id: str
    tenant_name: str
    limits: bool = True

    def __post_init__(self) -> None:
        self.tokens = TokenServer(self.clock.now, _token_answer)
        self._minute = CallLimit(60, 60.0, self.clock.now)
        self._day = CallLimit(5000, 86400.0, self.clock.now)

    def app(self) -> Starlette:
        """The application to mount."""
        api = "/api.xro/2.0"
        return Starlette(
            routes=[
                Route("/identity/connect/authorize", self.tokens.authorize),
                Route("/connect/token", self.tokens.token, methods=["POST"]),
                Route("/connections", self._connections),
                Route("/Connections", self._connections),
                Route(api + "/Journals", self._journals),
                Route(api + "/Organisations", self._list),  # the name that some clients use
                Route(api + "/{resource}", self._list),
                Route(api + "/{resource}/{id}", self._one),
            ],
            exception_handlers={404: _not_found},
        )

    def error(self, kind: str) -> Response:
        """Xero's own error bodies."""
        if kind == "throttle":
            return Response("", 429, {"Retry-After": "1", "X-Rate-Limit-Problem": "minute"})
        if kind == "day_limit":
            return Response("", 429, {"Retry-After": "36000", "X-Rate-Limit-Problem": "day", "X-DayLimit-Remaining": "0"})
        if kind == "unauthorized":
            return self._refusal(401, "Unauthorized", f"TokenExpired: token expired at {self.clock.now():%m/%d/%Y %H:%M:%S}")
        if kind == "forbidden":
            return self._refusal(403, "Forbidden", "AuthorizationUnsuccessful")
        if kind == "error_200":
            return _json_reply(
                msgspec.json.encode(
                    {"ErrorNumber": 17, "Type": "NoDataProcessedException", "Message": "No data has been processed."}
                )
            )
        return Response("", 500)

    def _connections(self, request: Request) -> Response:
        if not self.tokens.is_valid(request.headers.get("authorization")):
            return self.error("unauthorized")
        stamp = f"{self.clock.horizon:%Y-%m-%dT%H:%M:%S}.0000000"
        row = {"id": str(uuid.uuid5(uuid.NAMESPACE_URL, self.tenant_id)), "authEventId": self.tenant_id, "tenantId": self.tenant_id}
        row |= {"tenantType": "ORGANISATION", "tenantName": self.tenant_name, "createdDateUtc": stamp, "updatedDateUtc": stamp}
        return JSONResponse([row])

    def _refused(self, request: Request) -> Response | None:
        """What stops a call before it is looked at: token, tenant, limits."""
        if not self.tokens.is_valid(request.headers.get("authorization")):
            return self.error("unauthorized")
        if request.headers.get("xero-tenant-id") not in {None, "", self.tenant_id}:
            return self._refusal(403, "Forbidden", "AuthenticationUnsuccessful")
        if not self.limits:
            return None
        for problem, limit in (("day", self._day), ("minute", self._minute)):
            remaining, wait = limit.take()
            if remaining < 0:
                return Response("", 429, {"Retry-After": str(int(wait) + 1), "X-Rate-Limit-Problem": problem})
        return None

    def _refusal(self, status: int, title: str, detail: str) -> Response:
        return JSONResponse(
            {"Type": None, "Title": title, "Status": status, "Detail": detail, "Instance": str(uuid.uuid4())}, status
        )

    def _envelope(self, resource: str, bodies: list[bytes], pagination: Mapping[str, int] | None = None) -> Response:
        head = f'{{\r\n  "Id": "{uuid.uuid4()}",\r\n  "Status": "OK",\r\n  "ProviderName": "Sandbox",\r\n  "DateTimeUTC": "'
        head += ms(self.clock.now()).replace("/", "\\/") + '",\r\n'
        if pagination:
            head += f'  "pagination": {msgspec.json.encode(pagination).decode()},\r\n'
        plural = "Organisations" if resource == "Organisation" else resource
        return _json_reply(head.encode() + f'  "{plural}": [\r\n    '.encode() + b",\r\n    ".join(bodies) + b"\r\n  ]\r\n}")

    def _journals(self, request: Request) -> Response:
        """Journals above a number, a hundred at a time; numbers have gaps."""
        if refusal := self._refused(request):
            return refusal
        where, values = "number > ?", [int(request.query_params.get("offset", "0"))]
        since = _modified_since(request)
        if since is not None:
            where, values = where + " and updated_at >= ?", [*values, since]
        return self._envelope("Journals", self.store.select("Journals", where, values, order="number", limit=JOURNALS_PER_PAGE))

    def _list(self, request: Request) -> Response:
        resource = request.path_params.get("resource", "Organisation")
        if refusal := self._refused(request):
            return refusal
        if self.store.count(resource, "true", []) == 0 and resource not in _KNOWN:
            return _not_found(request, Exception())
        query = request.query_params
        try:
            where, values = _filters(resource, query)
            order = ordering(query.get("order"))
        except QueryParseError as trouble:
            return JSONResponse({"ErrorNumber": 16, "Type": "QueryParseException", "Message": str(trouble)}, 400)
        since = _modified_since(request)
        if since is not None:
            where, values = where + " and updated_at >= ?", [*values, since]
        whole_at_once = resource == "ManualJournals" and "order" in query  # asked for an order, Xero forgets to page them
        if resource not in _PAGED or whole_at_once or ("page" not in query and "pageSize" not in query):
            whole = whole_at_once or resource not in _LINES_ONLY_WHEN_PAGED | {"Budgets"} or "IDs" in query
            return self._envelope(resource, self.store.select(resource, where, values, order=order, limit=-1, whole=whole))
        page, size = int(query.get("page", "1")), int(query.get("pageSize", str(DEFAULT_PAGE)))
        if page < 1 or not 1 <= size <= LARGEST_PAGE:
            return JSONResponse({"ErrorNumber": 16, "Type": "QueryParseException", "Message": "Invalid page or pageSize"}, 400)
        total = self.store.count(resource, where, values)
        bodies = self.store.select(resource, where, values, order=order, limit=size, offset=(page - 1) * size)
        pagination = {"page": page, "pageSize": size, "pageCount": -(-total // size), "itemCount": total}
        return self._envelope(resource, bodies, pagination)

    def _one(self, request: Request) -> Response:
        if refusal := self._refused(request):
            return refusal
        resource = request.path_params["resource"]
        bodies = self.store.select(resource, "id = ?", [request.path_params["id"].lower()], order="id", limit=1)
        return self._envelope(resource, bodies) if bodies else _not_found(request, Exception())


_KNOWN = {
    "Organisation",
    "Accounts",
    *_PAGED,
    "BankTransfers",
    "BatchPayments",
    "Items",
    "TaxRates",
    "Currencies",
    "TrackingCategories",
    "Budgets",
}


def _token_answer(access: str, refresh: str | None, seconds: int) -> dict[str, object]:
    """Exactly the keys that Xero's answer was recorded with: its own client refuses others."""
    answer: dict[str, object] = {"access_token": access, "expires_in": seconds, "token_type": "Bearer", "scope": _SCOPES}
    if refresh:
        answer |= {"refresh_token": refresh, "id_token": "sandbox"}
    return answer


def _json_reply(body: bytes) -> Response:
    return Response(body, 200, {"Xero-Correlation-Id": str(uuid.uuid4())}, media_type="application/json; charset=utf-8")


def _not_found(_request: Request, _error: Exception) -> Response:
    return Response("The resource you're looking for cannot be found", 404, media_type="text/html")


def _modified_since(request: Request) -> int | None:
    """``If-Modified-Since`` in ISO (UTC, whole seconds) or HTTP form, as microseconds since 1970."""
    raw = request.headers.get("if-modified-since")
    if not raw:
        return None
    try:
        moment = datetime.fromisoformat(raw)
    except ValueError:
        try:
            moment = parsedate_to_datetime(raw)
        except ValueError:
            return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return int(moment.replace(microsecond=0).timestamp()) * 1_000_000


def _filters(resource: str, query: Mapping[str, str]) -> tuple[str, list[Any]]:
    """SQL condition and values for IDs, Statuses, ContactIDs, includeArchived and where."""
    conditions: list[str] = ["true"]
    values: list[Any] = []
    for option, column in (("IDs", "id"), ("Statuses", "status"), ("ContactIDs", "contact_id")):
        if query.get(option):
            wanted = [part.strip().lower() if option != "Statuses" else part.strip() for part in query[option].split(",")]
            conditions.append(f"{column} in ({', '.join('?' * len(wanted))})")
            values += wanted
    if resource in {"Contacts", "TrackingCategories"} and query.get("includeArchived", "false").lower() != "true":
        conditions.append("status is not 'ARCHIVED'")
    if resource == "BankTransfers" and query.get("includeDeleted", "false").lower() != "true":
        conditions.append("status is not 'DELETED'")
    if query.get("where"):
        sql, found = condition(query["where"])
        conditions.append(sql)
        values += found
    return " and ".join(conditions), values
