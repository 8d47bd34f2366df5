"""HubSpot's public API as one application: who may call, how often, and every part of it under its path."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from sandbox.vendors.hubspot import replies, search
from sandbox.vendors.hubspot.account import AccountApi
from sandbox.vendors.hubspot.associations import AssociationsApi
from sandbox.vendors.hubspot.campaigns import CampaignsApi
from sandbox.vendors.hubspot.crm import ObjectsApi
from sandbox.vendors.hubspot.email_events import EmailEventsApi
from sandbox.vendors.hubspot.marketing import MarketingApi
from sandbox.vendors.hubspot.marketing_events import MarketingEventsApi
from sandbox.vendors.hubspot.replies import Refusal
from sandbox.vendors.hubspot.store import HubSpotStore
from sandbox.vendors.hubspot.versions import with_dates
from sandbox.vendors.tokens import CLIENT_ID, TokenServer
from sandbox.vendors.wire import CallLimit, Gate, VirtualClock

NAME = "hubspot"
PRIVATE_APP_TOKEN = "sandbox-hubspot-token"
PORTAL_ID = 26_100_001
CALLS_IN_TEN_SECONDS, CALLS_IN_A_DAY, SEARCHES_IN_A_SECOND = 190, 625_000, 5
_LONGEST_ADDRESS = 16_384
_SCOPES = [
    *(f"crm.objects.{name}.read" for name in ("contacts", "companies", "deals", "line_items", "products", "owners")),
    *(
        "marketing.campaigns.read",
        "marketing.campaigns.revenue.read",
        "crm.objects.marketing_events.read",
        "content",
        "forms",
        "oauth",
    ),
]
_NEEDED = (
    ("/reports/revenue", "marketing.campaigns.revenue.read"),
    ("/marketing-events", "crm.objects.marketing_events.read"),
    ("/marketing/v3/campaigns", "marketing.campaigns.read"),
    ("/marketing/campaigns/", "marketing.campaigns.read"),
    ("/marketing/v3/emails", "content"),
    ("/marketing/emails/", "content"),
    ("/email/public/", "content"),
    ("/marketing/v3/forms", "forms"),
    ("/form-integrations/", "forms"),
    *((f"/objects/{name}", f"crm.objects.{name}.read") for name in ("contacts", "companies", "deals", "line_items", "products")),
)
"""Part of a path -> the scope that it needs; the first that fits counts."""
_WHO: Mapping[str, object] = {"hub_id": PORTAL_ID, "user_id": 50_000_001, "token_type": "access", "scopes": _SCOPES}
_BAD_GRANTS = {
    "invalid_client": ("BAD_CLIENT_SECRET", "missing or invalid client secret"),
    "authorization_code": ("BAD_AUTH_CODE", "missing or unknown auth code"),
    "refresh_token": ("BAD_REFRESH_TOKEN", "missing or invalid refresh token"),
}


@dataclass
class HubSpotApi:
    """The emulator's state beside the account: tokens and call counters. ``limits`` False counts nothing."""

    store: HubSpotStore
    clock: VirtualClock
    limits: bool = True
    search_cap: int = search.REACH
    scopes: Collection[str] = tuple(_SCOPES)
    """What the user has granted to the apps."""

    def __post_init__(self) -> None:
        self.tokens = TokenServer(self.clock.now, _token_answer, rotates=False)
        self._ten_seconds = CallLimit(CALLS_IN_TEN_SECONDS, 10.0, self.clock.now)
        self._day = CallLimit(CALLS_IN_A_DAY, 86_400.0, self.clock.now)
        self._searches = CallLimit(SEARCHES_IN_A_SECOND, 1.0, self.clock.now)

    def app(self) -> ASGIApp:
        """The application to mount."""
        inner = Starlette(
            routes=with_dates(
                [
                    Route("/oauth/authorize", self.tokens.authorize),
                    Route("/oauth/v1/token", self._token, methods=["POST"]),
                    Route("/oauth/v3/token", self._token, methods=["POST"]),
                    Route("/oauth/v1/access-tokens/{token}", self._access_token),
                    Route("/oauth/v1/refresh-tokens/{token}", self._refresh_token),
                    *ObjectsApi(self.store, self.clock, self.search_cap).routes(),
                    *AssociationsApi(self.store, self.clock).routes(),
                    *AccountApi(self.store, PORTAL_ID).routes(),
                    *MarketingApi(self.store).routes(),
                    *CampaignsApi(self.store, self.clock).routes(),
                    *MarketingEventsApi(self.store).routes(),
                    *EmailEventsApi(self.store, PORTAL_ID).routes(),
                ]
            ),
            exception_handlers={Refusal: _refused, HTTPException: _no_such_path},
        )
        return Gate(self.admit, inner)

    def error(self, kind: str) -> Response:
        """HubSpot's own error bodies."""
        if kind == "throttle":
            return _too_many("You have reached your ten_secondly_rolling limit.", "TEN_SECONDLY_ROLLING")
        if kind == "day_limit":
            return _too_many("You have reached your daily limit.", "DAILY")
        if kind == "search_limit":
            return _too_many("You have reached your secondly limit.", "SECONDLY")
        if kind == "unauthorized":
            return self._expired(self.clock.now())
        if kind == "forbidden":
            return _missing(_SCOPES[:3])
        if kind == "error_200":
            whole = {"status": "error", "message": "There was a problem with the request.", "correlationId": str(uuid.uuid4())}
            return replies.reply(whole)
        return replies.error(500, message="internal error")

    def admit(self, scope: Scope) -> tuple[Response | None, dict[str, str]]:
        """What stops a call before it is looked at, if anything, and the headers that its answer carries anyhow."""
        path, authorization = str(scope["path"]), Headers(scope=scope).get("authorization")
        if "/oauth/" in path:
            return None, {}
        if refusal := self._stranger(authorization):
            return refusal, {}
        needed = next((one for part, one in _NEEDED if part in path), None)
        if needed is not None and needed not in self.scopes:
            return _missing([needed]), {}
        if len(scope["query_string"]) > _LONGEST_ADDRESS:
            return Response("<html><body><h1>414 Request-URI Too Large</h1></body></html>", 414, media_type="text/html"), {}
        left_today = self._day.take()[0] if self.limits else CALLS_IN_A_DAY
        if left_today < 0:
            return self.error("day_limit"), {}
        if path.endswith("/search"):  # a limit of its own, and no word of it in the headers
            return self.error("search_limit") if self.limits and self._searches.take()[0] < 0 else None, {}
        left = self._ten_seconds.take()[0] if self.limits else CALLS_IN_TEN_SECONDS
        headers = {"Interval-Milliseconds": "10000", "Max": str(CALLS_IN_TEN_SECONDS), "Remaining": str(max(left, 0))}
        headers |= {
            "Secondly": str(CALLS_IN_TEN_SECONDS // 10),
            "Secondly-Remaining": str(max(min(left, CALLS_IN_TEN_SECONDS // 10), 0)),
        }
        if authorization == f"Bearer {PRIVATE_APP_TOKEN}":  # an app of the OAuth kind has no day's limit to know of
            headers |= {"Daily": str(CALLS_IN_A_DAY), "Daily-Remaining": str(left_today)}
        named = {f"X-HubSpot-RateLimit-{name}": value for name, value in headers.items()}
        return (self.error("throttle") if left < 0 else None), named

    def _stranger(self, authorization: str | None) -> Response | None:
        token = (authorization or "").removeprefix("Bearer ")
        if token == PRIVATE_APP_TOKEN or self.tokens.is_valid(authorization):
            return None
        if token in self.tokens.access:
            return self._expired(self.tokens.access[token])
        about = "This API supports OAuth 2.0 authentication and you can find more details at "
        about += "https://developers.hubspot.com/docs/methods/auth/oauth-overview"
        return replies.error(401, message=f"Authentication credentials not found. {about}", category="INVALID_AUTHENTICATION")

    def _expired(self, at: datetime) -> Response:
        message = f"The OAuth token used to make this call expired {int((self.clock.now() - at).total_seconds())} second(s) ago."
        context = {"expire time": [replies.instant_text(at)]}
        return replies.error(
            401,
            message=message,
            category="EXPIRED_AUTHENTICATION",
            errors=[{"message": message, "context": context}],
            context=context,
        )

    async def _token(self, request: Request) -> Response:
        """The token endpoint: the refresh token stays what it is, and a client's own credentials are no grant."""
        grant = dict(parse_qsl((await request.body()).decode())).get("grant_type", "")
        if grant not in _BAD_GRANTS:
            return _bad_grant("BAD_GRANT_TYPE", "missing or unknown grant type")
        answer = await self.tokens.token(request)
        body = msgspec.json.decode(bytes(answer.body), type=dict[str, object])
        if answer.status_code != 200:
            return _bad_grant(*_BAD_GRANTS["invalid_client" if body["error"] == "invalid_client" else grant])
        if not request.url.path.endswith("/v1/token"):
            body |= {"hub_id": PORTAL_ID, "user_id": _WHO["user_id"], "scopes": _SCOPES, "token_use": "access_token"}
        return replies.reply(body)

    def _access_token(self, request: Request) -> Response:
        """What a token is good for, and how long yet."""
        token = request.path_params["token"]
        left = int((self.tokens.access[token] - self.clock.now()).total_seconds()) if token in self.tokens.access else -1
        if left < 0:
            raise Refusal(404, "access token is invalid or expired", "OBJECT_NOT_FOUND")
        named = {
            "token": token,
            "user": "admin@meridian.example",
            "hub_domain": "meridian.example",
            "app_id": 1,
            "expires_in": left,
        }
        return replies.reply({**_WHO, **named})

    def _refresh_token(self, request: Request) -> Response:
        token = request.path_params["token"]
        if token not in self.tokens.refresh:
            raise Refusal(404, "refresh token is invalid", "OBJECT_NOT_FOUND")
        named = {"token": token, "user": "admin@meridian.example", "hub_domain": "meridian.example", "client_id": CLIENT_ID}
        return replies.reply({**_WHO, **named, "token_type": "refresh"})


def _missing(scopes: Sequence[str]) -> Response:
    link = "https://developers.hubspot.com/scopes"
    message = "This app hasn't been granted all required scopes to make this call. Read more about required scopes here: "
    needed = {"message": "One or more of the following scopes are required.", "context": {"requiredGranularScopes": list(scopes)}}
    return replies.error(403, message=f"{message}{link}.", errors=[needed], links={"scopes": link}, category="MISSING_SCOPES")


def _token_answer(access: str, refresh: str | None, seconds: int) -> dict[str, object]:
    return {"token_type": "bearer", "refresh_token": refresh, "access_token": access, "expires_in": seconds}


def _bad_grant(status: str, message: str) -> Response:
    return replies.reply({"status": status, "message": message, "correlationId": str(uuid.uuid4())}, 400)


def _too_many(message: str, policy: str) -> Response:
    return replies.error(429, message=message, errorType="RATE_LIMIT", policyName=policy)


def _refused(_request: Request, refusal: Exception) -> Response:
    return refusal.reply() if isinstance(refusal, Refusal) else replies.error(500, message="internal error")


def _no_such_path(_request: Request, trouble: Exception) -> Response:
    status = trouble.status_code if isinstance(trouble, HTTPException) else 404
    return replies.error(
        status, message="resource not found" if status == 404 else "Method not allowed", category="OBJECT_NOT_FOUND"
    )
