"""Marketo's API as one application: who may call, how often, and every part of it under its path. Failures travel in HTTP 200."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.vendors.marketo import bulk, replies
from sandbox.vendors.marketo.activities import ActivitiesApi
from sandbox.vendors.marketo.assets import AssetsApi
from sandbox.vendors.marketo.bulk import BulkApi
from sandbox.vendors.marketo.leads import LeadsApi
from sandbox.vendors.marketo.replies import Refusal
from sandbox.vendors.marketo.store import MarketoStore
from sandbox.vendors.tokens import CLIENT_ID, CLIENT_SECRET
from sandbox.vendors.wire import CallLimit, VirtualClock

NAME = "marketo"
CALLS_IN_TWENTY_SECONDS, CALLS_IN_A_DAY, AT_A_TIME = 100, 50_000, 10
TOKEN_SECONDS = 3600
_LONGEST_ADDRESS, _LONGEST_BODY = 8_192, 1024 * 1024
_ZONE = ZoneInfo("America/Chicago")  # days of quotas end at its midnight
_MESSAGES = {
    "502": "Bad Gateway",
    "601": "Access token invalid",
    "602": "Access token expired",
    "603": "Access denied",
    "604": "Request timed out",
    "606": f"Max rate limit '{CALLS_IN_TWENTY_SECONDS}' exceeded with in '20' secs",
    "607": "Daily quota reached",
    "608": "API Temporarily Unavailable",
    "611": "System error",
    "614": "Invalid Subscription",
    "615": "Concurrent access limit reached",
    "702": "No data found for a given search scenario",
    "713": "Transient Error",
    "1003": "Too many results match the filter",
    "1018": "CRM Enabled",
    "1029": "Export daily quota exceeded",
    "1035": "Unsupported filter type for target subscription",
}
_KINDS = {"throttle": "606", "day_limit": "607", "unauthorized": "602", "forbidden": "603", "error_200": "611"}
_CRM_ONLY = ("opportunities", "opportunities/roles", "companies", "salespersons")


@dataclass
class _Token:
    text: str
    expires_at: datetime


@dataclass
class MarketoApi:
    """The emulator's state beside the instance: tokens, call counters, bulk jobs. ``limits`` False counts nothing.

    ``minute`` is what a bulk job takes for each of its steps, in seconds.
    """

    store: MarketoStore
    clock: VirtualClock
    limits: bool = True
    minute: float = 0.0
    calls: dict[date, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._token: _Token | None = None
        self._issued: set[str] = set()
        self._rate = CallLimit(CALLS_IN_TWENTY_SECONDS, 20.0, self.clock.now)
        self._busy = 0
        self._lock = threading.Lock()
        self.bulk = BulkApi(self.store, self.clock.now, self.today, self.minute, bulk.DAILY_BYTES, self.limits)

    def app(self) -> ASGIApp:
        """The application to mount."""
        inner = Starlette(
            routes=[
                Route("/identity/oauth/token", self._identity, methods=["GET", "POST"]),
                *LeadsApi(self.store).routes(),
                *ActivitiesApi(self.store).routes(),
                *AssetsApi(self.store).routes(),
                *self.bulk.routes(),
                *(Route(f"/rest/v1/stats/usage{days}.json", self._usage) for days in ("", "/last7days")),
                *(Route(f"/rest/v1/stats/errors{days}.json", self._errors) for days in ("", "/last7days")),
                *(Route(f"/rest/v1/{name}.json", _synced) for name in _CRM_ONLY),
            ],
            exception_handlers={Refusal: _refused, HTTPException: _no_such_path},
        )
        return _Gate(self, inner)

    def error(self, kind: str) -> Response:
        """Marketo's own error bodies; ``error_200_<code>`` gives any of them."""
        code = kind.removeprefix("error_200_") if kind.startswith("error_200_") else _KINDS.get(kind, "")
        if code == "602":
            self.expire()
        return replies.error(code, _MESSAGES.get(code, "Unknown error")) if code else Response("Internal server error", 500)

    def today(self) -> date:
        """The day that quotas count in."""
        return self.clock.now().astimezone(_ZONE).date()

    def expire(self) -> None:
        """Let the living token die now."""
        self._token = None

    def admit(self, scope: Scope) -> Response | None:
        """What stops a call before it is looked at, if anything."""
        path, headers = str(scope["path"]), Headers(scope=scope)
        if len(path) + len(scope["query_string"]) > _LONGEST_ADDRESS:
            return Response("Request-URI Too Long", 414)
        if int(headers.get("content-length") or 0) > _LONGEST_BODY:
            return Response("Request Entity Too Large", 413)
        if path.endswith("/identity/oauth/token"):
            return None
        token = (headers.get("authorization") or "").removeprefix("Bearer ")
        if token not in self._issued:
            return self._failure("601")
        if self._token is None or token != self._token.text or self.clock.now() >= self._token.expires_at:
            return self._failure("602")
        if "//" in path:
            return replies.error("610", "Requested resource not found")
        if not self.limits:
            return None
        if self._rate.take()[0] < 0:
            return self._failure("606")
        with self._lock:
            today = self.today()
            self.calls[today] = self.calls.get(today, 0) + 1
            return self._failure("607") if self.calls[today] > CALLS_IN_A_DAY else None

    def enter(self) -> bool:
        """Take one of the places for calls at a time; False where none is free."""
        with self._lock:
            if self.limits and self._busy >= AT_A_TIME:
                return False
            self._busy += 1
            return True

    def leave(self) -> None:
        """Give the place back."""
        with self._lock:
            self._busy -= 1

    def too_many_at_once(self) -> Response:
        """The answer to the eleventh call at a time."""
        return self._failure("615")

    async def _identity(self, request: Request) -> Response:
        """Tokens: whoever asks again before the end gets the same one, with what is left of its time."""
        given = {**dict(parse_qsl((await request.body()).decode())), **request.query_params}
        if given.get("grant_type") != "client_credentials":
            message = f"Unsupported grant type: {given.get('grant_type')}"
            return replies.reply({"error": "unsupported_grant_type", "error_description": message}, 400)
        if given.get("client_id") != CLIENT_ID:
            message = f"No client with requested id: {given.get('client_id')}"
            return replies.reply({"error": "invalid_client", "error_description": message}, 401)
        if given.get("client_secret") != CLIENT_SECRET:
            return replies.reply({"error": "unauthorized", "error_description": "Bad client credentials"}, 401)
        now = self.clock.now()
        if self._token is None or now >= self._token.expires_at:
            self._token = _Token(f"{secrets.token_hex(16)}:int", now + timedelta(seconds=TOKEN_SECONDS))
            self._issued.add(self._token.text)
        left = max(0, int((self._token.expires_at - now).total_seconds()))
        body = {"access_token": self._token.text, "token_type": "bearer", "expires_in": left, "scope": "apis@meridian.example"}
        return replies.reply(body)

    def _usage(self, request: Request) -> Response:
        counts = {day: self.calls.get(day, 0) for day in self._days_of(request)}
        return replies.rows(
            [
                {"date": day.isoformat(), "total": count, "users": [{"userId": "apis@meridian.example", "count": count}]}
                for day, count in counts.items()
            ]
        )

    def _errors(self, request: Request) -> Response:
        return replies.rows([{"date": day.isoformat(), "total": 0, "errors": []} for day in self._days_of(request)])

    def _days_of(self, request: Request) -> list[date]:
        """Today, or the last seven days with it, the latest first."""
        return [self.today() - timedelta(days=back) for back in range(7 if "last7days" in request.url.path else 1)]

    def _failure(self, code: str) -> Response:
        return replies.error(code, _MESSAGES[code])


@dataclass(frozen=True)
class _Gate:
    """Stands before the application: token and limits first; a long query may come as a form with ``_method=GET``."""

    api: MarketoApi
    inner: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        if scope["type"] != "http":
            return
        refusal = self.api.admit(scope)
        if refusal is None and not self.api.enter():
            refusal = self.api.too_many_at_once()
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        try:
            query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
            form = Headers(scope=scope).get("content-type", "").startswith("application/x-www-form-urlencoded")
            if scope["method"] == "POST" and "/identity/" not in str(scope["path"]) and (form or "_method" in query):
                sent = dict(parse_qsl((await Request(scope, receive).body()).decode(), keep_blank_values=True))
                if (query | sent).pop("_method", "") == "GET":
                    merged = {name: value for name, value in (query | sent).items() if name != "_method"}
                    scope = {**scope, "method": "GET", "query_string": urlencode(merged).encode()}
            await self.inner(scope, receive, send)
        finally:
            self.api.leave()


def _synced(_request: Request) -> Response:
    """Objects that the native sync with the CRM owns."""
    return replies.error("1018", _MESSAGES["1018"])


def _refused(_request: Request, refusal: Exception) -> Response:
    return refusal.reply() if isinstance(refusal, Refusal) else replies.error("611", _MESSAGES["611"])


def _no_such_path(_request: Request, trouble: Exception) -> Response:
    if isinstance(trouble, HTTPException) and trouble.status_code == 405:
        return replies.error("605", "HTTP Method not supported")
    return replies.error("610", "Requested resource not found")


def connection(store: MarketoStore) -> Mapping[str, str]:
    """Settings of a connection to it; ``{url}`` stands for the sandbox's own address."""
    return {
        "system": NAME,
        "entity": store.names[0],
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "base_url": f"{{url}}/{NAME}",
    }
