"""The Google Ads API as one application: who may call, whose account, and the two ways to ask."""

from __future__ import annotations

import base64
import re
import uuid
from dataclasses import dataclass

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from sandbox.vendors.ads import AdStore
from sandbox.vendors.google_ads.gaql import Query, translate
from sandbox.vendors.google_ads.replies import Refusal, reply
from sandbox.vendors.tokens import TokenServer
from sandbox.vendors.wire import CallLimit, VirtualClock

NAME = "google_ads"
DEVELOPER_TOKEN = "sandbox-developer-token"
MANAGER_ID = "7301000000"
VERSIONS = ("v23", "v24", "v25", "v26")
PAGE_ROWS = 10_000
CALLS_IN_TEN_SECONDS, CALLS_IN_A_DAY = 100, 15_000


class _Search(msgspec.Struct, rename="camel"):
    query: str = ""
    page_token: str = ""
    page_size: int | None = None


@dataclass
class GoogleAdsApi:
    """The emulator's state beside the accounts: tokens and call counters. ``limits`` False counts nothing."""

    store: AdStore
    clock: VirtualClock
    limits: bool = True
    page_rows: int = PAGE_ROWS

    def __post_init__(self) -> None:
        self.tokens = TokenServer(self.clock.now, _token_answer, access_seconds=3599, rotates=False)
        self._short = CallLimit(CALLS_IN_TEN_SECONDS, 10.0, self.clock.now)
        self._day = CallLimit(CALLS_IN_A_DAY, 86_400.0, self.clock.now)

    def app(self) -> ASGIApp:
        """The application to mount."""
        return Starlette(
            routes=[
                Route("/o/oauth2/v2/auth", self.tokens.authorize),
                Route("/token", self._token, methods=["POST"]),
                Route("/{version}/customers:listAccessibleCustomers", self._accessible),
                Route("/{version}/customers/{customer}/googleAds:searchStream", self._stream, methods=["POST"]),
                Route("/{version}/customers/{customer}/googleAds:search", self._search, methods=["POST"]),
            ],
            exception_handlers={Refusal: _refused, HTTPException: _no_such_path},
        )

    def error(self, kind: str) -> Response:
        """Google's own error bodies."""
        refusals = {
            "throttle": _too_many("RESOURCE_TEMPORARILY_EXHAUSTED", "Too many requests. Retry in 5 seconds.", "5s"),
            "day_limit": _too_many("RESOURCE_EXHAUSTED", "Too many requests. Retry in 21600 seconds.", "21600s"),
            "unauthorized": _unauthenticated("OAUTH_TOKEN_EXPIRED", "The Google OAuth 2.0 access token has expired."),
            "forbidden": _denied("User doesn't have permission to access customer."),
        }
        if kind == "error_200":
            failed = Refusal(500, "internalError", "TRANSIENT_ERROR", "A transient error has occurred, please try again.").reply()
            return reply(bytes(failed.body))
        failure = Refusal(500, "internalError", "INTERNAL_ERROR", "An internal error has occurred.")
        return refusals.get(kind, failure).reply()

    async def _token(self, request: Request) -> Response:
        """Google's token endpoint: a refresh token stays what it is and is not sent again, and a client's own credentials are no grant."""
        answer = await self.tokens.token(request)
        body = msgspec.json.decode(bytes(answer.body), type=dict[str, object])
        if answer.status_code != 200:
            told = {"invalid_grant": "Bad Request", "invalid_client": "The OAuth client was not found."}
            status = 401 if body["error"] == "invalid_client" else 400
            return reply({**body, "error_description": told.get(str(body["error"]), "Invalid grant_type")}, status)
        if b"client_credentials" in await request.body():
            return reply({"error": "unsupported_grant_type", "error_description": "Invalid grant_type: client_credentials"}, 400)
        if b"refresh_token" in await request.body():
            body.pop("refresh_token", None)
        return reply(body)

    def _accessible(self, request: Request) -> Response:
        """The accounts that the user reaches without a manager: the manager's own."""
        self._admit(request)
        return reply({"resourceNames": [f"customers/{MANAGER_ID}"]})

    async def _stream(self, request: Request) -> Response:
        """Every row in one answer, an array of chunks."""
        query = self._query(request, await _order(request))
        rows = [row[0] for row in self.store.read(_limited(query.sql, query.limit), query.values)]
        chunks = [_page(rows[at : at + self.page_rows], query.mask) for at in range(0, len(rows), self.page_rows)]
        return reply(f"[{','.join(chunks)}]".encode())

    async def _search(self, request: Request) -> Response:
        """Rows in pages of a fixed size."""
        order = await _order(request)
        if order.page_size is not None:
            raise Refusal(400, "requestError", "PAGE_SIZE_NOT_SUPPORTED", "Setting the page size is not supported.")
        query = self._query(request, order)
        start = _offset(order.page_token)
        rows = [
            row[0]
            for row in self.store.read(f"{_limited(query.sql, query.limit)} offset {start}", query.values)[: self.page_rows + 1]
        ]
        more = len(rows) > self.page_rows
        token = base64.urlsafe_b64encode(f"at:{start + self.page_rows}".encode()).decode() if more else ""
        return reply(_page(rows[: self.page_rows], query.mask, token).encode())

    def _query(self, request: Request, order: _Search) -> Query:
        self._admit(request)
        customer = request.path_params["customer"]
        today = self.clock.horizon.date()
        if customer == MANAGER_ID:
            if re.search(r"\bmetrics\.", order.query):
                message = "Metrics cannot be requested for a manager account."
                raise Refusal(400, "queryError", "REQUESTED_METRICS_FOR_MANAGER", message)
            return translate(order.query, today, None if "customer_client" in order.query else MANAGER_ID)
        return translate(order.query, self.store.accounts[customer].today(self.clock.horizon), customer)

    def _admit(self, request: Request) -> None:
        """Refuse who may not call, calls too often, or asks for an account that is not theirs."""
        if request.path_params["version"] not in VERSIONS:
            message = f"Version {request.path_params['version']} is deprecated. Requests to this version will be blocked."
            raise Refusal(400, "requestError", "UNSUPPORTED_VERSION", message)
        if not self.tokens.is_valid(request.headers.get("authorization")):
            name = "OAUTH_TOKEN_INVALID" if request.headers.get("authorization") else "NOT_ADS_USER"
            raise _unauthenticated(name, "User in the cookie is not a valid Ads user.")
        if request.headers.get("developer-token") != DEVELOPER_TOKEN:
            raise _unauthenticated("DEVELOPER_TOKEN_INVALID", "The developer token is not valid.")
        if self.limits:
            if self._day.take()[0] < 0:
                raise _too_many("RESOURCE_EXHAUSTED", "Too many requests. Retry in 21600 seconds.", "21600s")
            if self._short.take()[0] < 0:
                raise _too_many("RESOURCE_TEMPORARILY_EXHAUSTED", "Too many requests. Retry in 5 seconds.", "5s")
        customer = request.path_params.get("customer", MANAGER_ID)
        if not customer.isdigit():
            raise Refusal(400, "requestError", "INVALID_CUSTOMER_ID", f"Invalid customer ID '{customer}'.")
        through = request.headers.get("login-customer-id", "")
        if through and not through.isdigit():
            raise Refusal(400, "headerError", "INVALID_LOGIN_CUSTOMER_ID", "The login customer ID must be digits without hyphens.")
        if customer not in {*self.store.accounts, MANAGER_ID} or (customer != MANAGER_ID and through != MANAGER_ID):
            told = "If you're accessing a client customer, the manager's customer id must be set in the 'login-customer-id' header."
            raise _denied(f"User doesn't have permission to access customer. Note: {told}")


async def _order(request: Request) -> _Search:
    try:
        return msgspec.json.decode(await request.body(), type=_Search)
    except msgspec.DecodeError as trouble:
        raise Refusal(400, "requestError", "INVALID_INPUT", f"Invalid JSON payload received: {trouble}") from None


def _limited(sql: str, limit: int | None) -> str:
    return f"select * from ({sql} {f'limit {limit}' if limit is not None else ''})"


def _page(rows: list[str], mask: str, token: str | None = None) -> str:
    """A chunk or page of rows that are JSON already; a page has a token where more follow, a chunk never."""
    parts = [f'"results":[{",".join(rows)}]'] if rows else []
    if token:
        parts.append(f'"nextPageToken":"{token}"')
    parts.append(f'"fieldMask":"{mask}"')
    if token is None:
        parts.append(f'"requestId":"{uuid.uuid4().hex[:22]}"')
    return f"{{{','.join(parts)}}}"


def _offset(token: str) -> int:
    if not token:
        return 0
    try:
        return int(base64.urlsafe_b64decode(token.encode()).decode().removeprefix("at:"))
    except ValueError:
        raise Refusal(400, "requestError", "INVALID_PAGE_TOKEN", "Page token is invalid.") from None


def _token_answer(access: str, refresh: str | None, seconds: int) -> dict[str, object]:
    whole = {
        "access_token": access,
        "expires_in": seconds,
        "scope": "https://www.googleapis.com/auth/adwords",
        "token_type": "Bearer",
    }
    return {**whole, **({"refresh_token": refresh} if refresh else {})}


def _unauthenticated(name: str, message: str) -> Refusal:
    return Refusal(401, "authenticationError", name, message)


def _denied(message: str) -> Refusal:
    return Refusal(403, "authorizationError", "USER_PERMISSION_DENIED", message)


def _too_many(name: str, message: str, delay: str) -> Refusal:
    details = {"rateScope": "DEVELOPER", "rateName": "Number of operations for basic access", "retryDelay": delay}
    return Refusal(429, "quotaError", name, message, quotaErrorDetails=details)


def _refused(request: Request, refusal: Exception) -> Response:
    version = str(request.path_params.get("version", VERSIONS[-1]))
    return refusal.reply(version) if isinstance(refusal, Refusal) else reply({"error": {"code": 500, "status": "INTERNAL"}}, 500)


def _no_such_path(_request: Request, trouble: Exception) -> Response:
    """An address that the service does not know: an HTML page, as Google's front end gives it."""
    status = trouble.status_code if isinstance(trouble, HTTPException) else 404
    page = f"<!DOCTYPE html><html lang=en><title>Error {status}</title><p>The requested URL was not found on this server.</html>"
    return Response(page, status, media_type="text/html; charset=UTF-8")
