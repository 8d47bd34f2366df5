"""An OAuth 2.0 token endpoint: authorization code with PKCE, rotating refresh tokens, client credentials, real expiry."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

CLIENT_ID = "sandbox-client"
CLIENT_SECRET = "sandbox-secret"
FIRST_REFRESH_TOKEN = "sandbox-refresh-0"


@dataclass
class _Refresh:
    superseded_at: datetime | None = None


@dataclass
class TokenServer:
    """Issues and checks tokens for one vendor.

    ``rotates``: each refresh issues a new refresh token; the former stays good for ``grace``, for a client that lost the answer.
    ``answer`` shapes the body from (access token, refresh token or None, seconds).
    """

    now: Callable[[], datetime]
    answer: Callable[[str, str | None, int], Mapping[str, object]]
    access_seconds: int = 1800
    rotates: bool = True
    grace: timedelta = timedelta(minutes=30)
    access: dict[str, datetime] = field(default_factory=dict)
    refresh: dict[str, _Refresh] = field(default_factory=lambda: {FIRST_REFRESH_TOKEN: _Refresh()})
    codes: dict[str, str] = field(default_factory=dict)

    def authorize(self, request: Request) -> Response:
        """The consent page: consents at once and goes back with a code."""
        query = request.query_params
        if query.get("client_id") != CLIENT_ID or query.get("response_type") != "code" or "redirect_uri" not in query:
            return JSONResponse({"error": "invalid_request"}, 400)
        code = secrets.token_urlsafe(16)
        self.codes[code] = query.get("code_challenge", "")
        back = {"code": code, "state": query.get("state", "")}
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(back)}", 302)

    async def token(self, request: Request) -> Response:
        """The token endpoint; client id and secret in the Basic header or in the form."""
        form = dict(parse_qsl((await request.body()).decode()))
        if not self._client_is_known(request, form):
            return JSONResponse({"error": "invalid_client"}, 400)
        grant = form.get("grant_type")
        if grant == "client_credentials":
            return self._issue(None)
        if grant == "authorization_code":
            challenge = self.codes.pop(form.get("code", ""), None)
            digest = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
            if challenge is None or (challenge and challenge != digest):
                return JSONResponse({"error": "invalid_grant"}, 400)
            return self._issue(self._new_refresh_token())
        if grant == "refresh_token":
            return self._refreshed(form.get("refresh_token", ""))
        return JSONResponse({"error": "unsupported_grant_type"}, 400)

    def is_valid(self, authorization: str | None) -> bool:
        """Whether a bearer header holds a living access token."""
        token = (authorization or "").removeprefix("Bearer ")
        return token in self.access and self.now() < self.access[token]

    def expire(self, authorization: str | None) -> None:
        """Let the presented access token die now."""
        self.access.pop((authorization or "").removeprefix("Bearer "), None)

    def revoke_all(self) -> None:
        """Let every token die: consent was withdrawn."""
        self.access.clear()
        self.refresh.clear()

    def _refreshed(self, token: str) -> Response:
        known = self.refresh.get(token)
        if known is None or (known.superseded_at and self.now() > known.superseded_at + self.grace):
            return JSONResponse({"error": "invalid_grant"}, 400)
        if not self.rotates:
            return self._issue(token)
        if known.superseded_at is None:
            known.superseded_at = self.now()
        return self._issue(self._new_refresh_token())

    def _new_refresh_token(self) -> str:
        token = secrets.token_urlsafe(24)
        self.refresh[token] = _Refresh()
        return token

    def _issue(self, refresh_token: str | None) -> Response:
        token = secrets.token_urlsafe(32)
        self.access[token] = self.now() + timedelta(seconds=self.access_seconds)
        return JSONResponse(dict(self.answer(token, refresh_token, self.access_seconds)))

    @staticmethod
    def _client_is_known(request: Request, form: Mapping[str, str]) -> bool:
        basic = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("authorization") == f"Basic {basic}":
            return True
        return form.get("client_id") == CLIENT_ID and form.get("client_secret") == CLIENT_SECRET
