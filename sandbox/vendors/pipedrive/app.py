"""Pipedrive's public API as one application: who may call, how often, and both versions under their paths."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import parse_qsl

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import Headers, QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Scope

from sandbox.vendors.pipedrive import replies
from sandbox.vendors.pipedrive.listings import Version2
from sandbox.vendors.pipedrive.older import Version1
from sandbox.vendors.pipedrive.replies import Refusal
from sandbox.vendors.pipedrive.store import PipedriveStore
from sandbox.vendors.tokens import TokenServer
from sandbox.vendors.wire import Gate, VirtualClock

NAME = "pipedrive"
API_TOKEN = "sandbox-pipedrive-token"
TOKENS_A_DAY, PLAN_FACTOR = 30_000, 2  # the Growth plan, for each seat
BURST, BURST_OAUTH, WINDOW = 40, 160, 2.0
IGNORED, BLOCKED_SECONDS = 20, 20.0  # calls refused within ten seconds, after which the shield before the API answers
TOKEN_SECONDS = 3599
_SCOPES = "base deals:read contacts:read activities:read products:read users:read admin"


@dataclass
class _Caller:
    """The latest calls of one token, and its latest refused ones."""

    calls: deque[float] = field(default_factory=deque)
    refused: deque[float] = field(default_factory=deque)
    blocked_until: float = 0.0


@dataclass
class PipedriveApi:
    """The emulator's state beside the account: tokens, the day's token budget and bursts. ``limits`` False refuses nobody."""

    store: PipedriveStore
    clock: VirtualClock
    limits: bool = True
    spent: dict[date, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.tokens = TokenServer(self.clock.now, _token_answer, access_seconds=TOKEN_SECONDS, rotates=False)
        self._callers: dict[str, _Caller] = {}
        self._lock = threading.Lock()

    def app(self) -> ASGIApp:
        """The application to mount."""
        inner = Starlette(
            routes=[
                Route("/oauth/authorize", self.tokens.authorize),
                Route("/oauth/token", self._token, methods=["POST"]),
                *Version2(self.store).routes(),
                *Version1(self.store).routes(),
            ],
            exception_handlers={Refusal: _refused, HTTPException: _no_such_path},
        )
        return Gate(self.admit, inner)

    def budget(self) -> int:
        """How many tokens the account may spend in a day."""
        return TOKENS_A_DAY * PLAN_FACTOR * max(1, int(self.store.read("select seats from seats")[0][0]))

    def error(self, kind: str) -> Response:
        """Pipedrive's own error bodies."""
        if kind in {"throttle_cloudflare", "forbidden_cloudflare"}:
            return replies.blocked()
        if kind == "throttle":
            return _too_many({"x-ratelimit-limit": str(BURST), "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2"})
        if kind == "day_limit":
            return _too_many(self._day_headers(0))
        if kind == "unauthorized":
            return replies.error(401, "unauthorized access")
        if kind == "forbidden":
            return replies.error(403, "Scope and URL mismatch", code="feature_not_permitted")
        if kind == "forbidden_plan":
            return replies.error(402, "Your plan does not include this feature", code="feature_capping_deal")
        if kind == "error_200":
            return replies.reply({"success": False, "error": "Something went wrong", "data": None, "additional_data": None})
        return replies.error(500, "Internal server error")

    def admit(self, scope: Scope) -> tuple[Response | None, dict[str, str]]:
        """What stops a call before it is looked at, if anything, and the headers that its answer carries."""
        path, headers = str(scope["path"]), Headers(scope=scope)
        if "/oauth/" in path:
            return None, {}
        authorization = headers.get("authorization")
        own = headers.get("x-api-token") or QueryParams(scope["query_string"]).get("api_token")
        if own != API_TOKEN and not self.tokens.is_valid(authorization):
            return self.error("unauthorized"), {}
        burst = BURST if own == API_TOKEN else BURST_OAUTH
        with self._lock:
            return self._count(path, str(own or authorization), burst, self.clock.now())

    def _count(self, path: str, who: str, burst: int, now: datetime) -> tuple[Response | None, dict[str, str]]:
        caller, at = self._callers.setdefault(who, _Caller()), now.timestamp()
        _forget(caller.calls, at - WINDOW)
        _forget(caller.refused, at - 10.0)
        if self.limits and at < caller.blocked_until:
            return replies.blocked(), {}
        cost, budget = _cost(path), self.budget()
        spent = self.spent.get(now.date(), 0)
        if self.limits and spent + cost > budget:
            return _too_many(self._day_headers(max(budget - spent, 0))), {}
        reset = max(1, round(caller.calls[0] + WINDOW - at)) if caller.calls else round(WINDOW)
        told = {"x-ratelimit-limit": str(burst), "x-ratelimit-reset": str(reset)}
        if self.limits and len(caller.calls) >= burst:
            caller.refused.append(at)
            if len(caller.refused) > IGNORED:
                caller.blocked_until = at + BLOCKED_SECONDS
                return replies.blocked(), {}
            return _too_many({**told, "x-ratelimit-remaining": "0"}), {}
        caller.calls.append(at)
        self.spent[now.date()] = spent + cost
        told |= {
            "x-ratelimit-remaining": str(max(burst - len(caller.calls), 0)),
            **self._day_headers(max(budget - spent - cost, 0)),
        }
        return None, told

    def _day_headers(self, left: int) -> dict[str, str]:
        """The budget of the day, in tokens and, roughly, in listings."""
        tokens = {"x-daily-ratelimit-token-limit": str(self.budget()), "x-daily-ratelimit-token-remaining": str(left)}
        return {**tokens, "x-daily-requests-left": str(left // 10)}

    async def _token(self, request: Request) -> Response:
        """The token endpoint: tells where the company's API is; the refresh token stays what it is."""
        grant = dict(parse_qsl((await request.body()).decode())).get("grant_type")
        if grant not in {"authorization_code", "refresh_token"}:
            return _bad_grant("unsupported_grant_type", "Grant type is unsupported")
        answer = await self.tokens.token(request)
        body = msgspec.json.decode(bytes(answer.body), type=dict[str, object])
        if answer.status_code != 200:
            return _bad_grant(str(body["error"]), "The grant or the client is invalid")
        return replies.reply({**body, "api_domain": str(request.url).partition("/oauth/")[0]})


def _cost(path: str) -> int:
    """What a call costs: a listing 20 tokens, a single record 2; half of it in version 2."""
    single = path.rstrip("/").rpartition("/")[2].isdigit()
    return (2 if single else 20) // (2 if "/api/v2/" in path else 1)


def _forget(moments: deque[float], before: float) -> None:
    while moments and moments[0] <= before:
        moments.popleft()


def _too_many(headers: Mapping[str, str]) -> Response:
    return replies.error(429, "request over limit", headers)


def _token_answer(access: str, refresh: str | None, seconds: int) -> dict[str, object]:
    return {"access_token": access, "token_type": "Bearer", "refresh_token": refresh, "scope": _SCOPES, "expires_in": seconds}


def _bad_grant(kind: str, message: str) -> Response:
    return replies.reply({"success": False, "message": message, "error": kind}, 400)


def _refused(_request: Request, refusal: Exception) -> Response:
    return refusal.reply() if isinstance(refusal, Refusal) else replies.error(500, "Internal server error")


def _no_such_path(_request: Request, trouble: Exception) -> Response:
    status = trouble.status_code if isinstance(trouble, HTTPException) else 404
    return replies.error(status, "Unknown method ." if status == 404 else "Method not allowed")


def connection(store: PipedriveStore) -> Mapping[str, str]:
    """Settings of a connection to it; ``{url}`` stands for the sandbox's own address."""
    return {"system": NAME, "entity": store.name, "access_token": API_TOKEN, "base_url": f"{{url}}/{NAME}"}
