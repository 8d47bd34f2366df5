"""Mailchimp's Marketing API as one application: who may call, how many at once, and every part of it under its path."""

from __future__ import annotations

import base64
import binascii
import threading
from dataclasses import dataclass

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox.vendors.mailchimp import replies
from sandbox.vendors.mailchimp.replies import Refusal, problem
from sandbox.vendors.mailchimp.resources import ResourcesApi
from sandbox.vendors.mailchimp.store import MailchimpStore
from sandbox.vendors.tokens import TokenServer
from sandbox.vendors.wire import VirtualClock

NAME = "mailchimp"
API_KEY = "sandboxmailchimpkey-us6"
DATA_CENTRE = "us6"
AT_ONCE = 10
_NEVER = 100 * 365 * 86_400  # seconds: access tokens have no end


@dataclass
class MailchimpApi:
    """The emulator's state beside the account: tokens, and how many calls are under way. ``limits`` False counts nothing."""

    store: MailchimpStore
    clock: VirtualClock
    limits: bool = True

    def __post_init__(self) -> None:
        self.tokens = TokenServer(self.clock.now, _token_answer, access_seconds=_NEVER, rotates=False)
        self._under_way = 0
        self._lock = threading.Lock()

    def app(self) -> ASGIApp:
        """The application to mount."""
        inner = Starlette(
            routes=[
                Route("/oauth2/authorize", self.tokens.authorize),
                Route("/oauth2/token", self.tokens.token, methods=["POST"]),
                Route("/oauth2/metadata", self._metadata),
                Route("/3.0", self._account),
                Route("/3.0/ping", lambda request: replies.reply(request, '{"health_status":"Everything\'s Chimpy!"}')),
                *ResourcesApi(self.store).routes(),
            ],
            exception_handlers={Refusal: _refused, HTTPException: _no_such_path},
        )
        return _Gate(self, inner)

    def error(self, kind: str) -> Response:
        """Mailchimp's own error bodies; ``day_limit`` is what stands before the API when far too much is asked: no JSON, no reason."""
        if kind == "throttle":
            return problem(429, "Too Many Requests", "You have exceeded the limit of 10 simultaneous connections.")
        if kind == "day_limit":
            return Response("<html><head><title>403 Forbidden</title></head><body></body></html>", 403, media_type="text/html")
        if kind == "unauthorized":
            return problem(
                401, "API Key Invalid", "Your API key may be invalid, or you've attempted to access the wrong datacenter."
            )
        if kind == "forbidden":
            return problem(403, "Forbidden", "You don't have permission to access the requested resource.")
        whole = problem(500, "Internal Server Error", "An unexpected internal error has occurred. Please contact Support.")
        if kind == "error_200":
            return Response(whole.body, 200, media_type="application/json; charset=utf-8")
        return whole

    def enter(self) -> bool:
        """Begin a call; False where too many are under way already."""
        with self._lock:
            if self.limits and self._under_way >= AT_ONCE:
                return False
            self._under_way += 1
            return True

    def leave(self) -> None:
        """A call has been answered, to its last byte."""
        with self._lock:
            self._under_way -= 1

    def is_known(self, authorization: str | None) -> bool:
        """Whether a header holds the key, with any user name or as a bearer, or a living token."""
        scheme, _, proof = (authorization or "").partition(" ")
        if scheme == "Basic":
            try:
                proof = base64.b64decode(proof, validate=True).decode().partition(":")[2]
            except (binascii.Error, UnicodeDecodeError):
                return False
            return proof == API_KEY
        return proof == API_KEY or self.tokens.is_valid(f"Bearer {proof}")

    def _metadata(self, request: Request) -> Response:
        """Where a token is good: the data centre. An unknown token is told with status 200."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme not in {"OAuth", "Bearer"} or not self.tokens.is_valid(f"Bearer {token}"):
            return JSONResponse({"error": "invalid_token", "error_description": "access token invalid"})
        root = replies.base_of(request).removesuffix("/3.0")
        person = {
            "email": "admin@brightforms.example",
            "login_id": 1,
            "login_name": "brightforms",
            "login_email": "admin@brightforms.example",
        }
        whole = {
            "dc": DATA_CENTRE,
            "role": "owner",
            "accountname": self.store.name,
            "user_id": 1,
            "login": person,
            "login_url": root,
        }
        return JSONResponse({**whole, "api_endpoint": root})

    def _account(self, request: Request) -> Response:
        """The root: whose account it is."""
        total = self.store.read("select count(*) from members where status = 'subscribed'")[0][0]
        base = replies.base_of(request)
        whole = {"account_id": "b1f0rm5", "login_id": "1", "account_name": self.store.name, "email": "admin@brightforms.example"}
        kind = {"role": "owner", "pricing_plan_type": "monthly", "account_timezone": "UTC", "total_subscribers": total}
        links = [replies.link(name, f"{base}/{name}") for name in ("lists", "reports", "campaigns", "automations")]
        return replies.reply(request, msgspec.json.encode({**whole, **kind, "_links": links}).decode())


@dataclass(frozen=True)
class _Gate:
    """Stands before the application: credentials and simultaneous calls first; a path counts with and without its last slash."""

    api: MailchimpApi
    inner: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call."""
        if scope["type"] != "http":
            return
        trimmed = {**scope, "path": str(scope["path"]).rstrip("/") or "/"}
        if "/oauth2/" in trimmed["path"]:
            await self.inner(trimmed, receive, send)
        elif not self.api.is_known(Headers(scope=scope).get("authorization")):
            await self.api.error("unauthorized")(scope, receive, send)
        elif not self.api.enter():
            await self.api.error("throttle")(scope, receive, send)
        else:
            try:
                await self.inner(trimmed, receive, send)
            finally:
                self.api.leave()


def _token_answer(access: str, _refresh: str | None, _seconds: int) -> dict[str, object]:
    return {"access_token": access, "expires_in": 0, "scope": None}


def _refused(_request: Request, refusal: Exception) -> Response:
    return (
        refusal.reply()
        if isinstance(refusal, Refusal)
        else problem(500, "Internal Server Error", "An unexpected error has occurred.")
    )


def _no_such_path(_request: Request, trouble: Exception) -> Response:
    if isinstance(trouble, HTTPException) and trouble.status_code == 405:
        detail = "The requested method and resource are not compatible. See the Allow header for this resource's available methods."
        return problem(405, "Method Not Allowed", detail)
    return replies.absent().reply()
