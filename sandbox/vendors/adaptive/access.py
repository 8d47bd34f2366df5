"""Who may call: login and password in the call itself, or a token that a Workday client gets for an assertion that it has signed.

Assertions are judged by the real clock, since callers sign with theirs; tokens end by the sandbox's clock.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.adaptive.replies import Element, Refusal
from sandbox.vendors.tokens import CLIENT_ID

LOGIN, PASSWORD, INSTANCE = "hub@meridian.example", "sandbox-password", "MERIDIAN"
TENANT, ISU, AUDIENCE = "meridian", "PublicAPIISU_hub", "wd"
BEARER_LIFE, LIFE = timedelta(hours=1), timedelta(minutes=30)
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass
class Access:
    """Checks the credentials of calls; issues tokens to the Workday client whose ``public_key`` is registered, if one is."""

    now: Callable[[], datetime]
    public_key: rsa.RSAPublicKey | None = None
    _bearers: dict[str, datetime] = field(default_factory=dict)
    _tokens: dict[str, datetime] = field(default_factory=dict)

    def routes(self) -> list[BaseRoute]:
        """What the Workday host answers."""
        return [
            Route(f"/ccx/oauth2/{TENANT}/token", self._assertion, methods=["POST"]),
            Route(f"/ccx/api/planning/v1/{TENANT}/adaptivePublicAPIAccessToken", self._exchange, methods=["GET", "POST"]),
        ]

    def expire(self) -> None:
        """Let every living token die now."""
        self._tokens.clear()

    def admit(self, call: Element) -> str:
        """The locale of a call whose credentials are good. Raises :class:`Refusal`."""
        given = call.find("credentials")
        if given is None or not self._knows(given) or given.get("instanceCode", INSTANCE) != INSTANCE:
            raise Refusal("error-authentication-failure", "The login or password is not right, or the user has no access.")
        return str(given.get("locale") or "en_US")

    def _knows(self, given: Element) -> bool:
        if (token := given.get("token")) is not None:
            return token in self._tokens and self.now() < self._tokens[token]
        return (given.get("login"), given.get("password")) == (LOGIN, PASSWORD)

    async def _assertion(self, request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        if form.get("grant_type") != _GRANT:
            return _error(400, "unsupported_grant_type", "The grant is not supported.")
        if self.public_key is None:
            return _error(400, "invalid_client", "No API client is registered.")
        try:
            told = jwt.decode(form.get("assertion", ""), self.public_key, ["RS256"], audience=AUDIENCE, issuer=CLIENT_ID)
        except jwt.PyJWTError:
            return _error(400, "invalid_grant", "The assertion is not valid.")
        if told.get("sub") != ISU or "exp" not in told:
            return _error(400, "invalid_grant", "The user is unknown.")
        bearer = secrets.token_urlsafe(32)
        self._bearers[bearer] = self.now() + BEARER_LIFE
        seconds = int(BEARER_LIFE.total_seconds())
        return JSONResponse({"access_token": bearer, "token_type": "Bearer", "expires_in": seconds})

    def _exchange(self, request: Request) -> Response:
        bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
        if bearer not in self._bearers or self.now() >= self._bearers[bearer]:
            return _error(401, "invalid_token", "The access token is not valid.")
        token = secrets.token_urlsafe(32)
        self._tokens[token] = self.now() + LIFE
        return JSONResponse({"access_token": token, "expires_in": int(LIFE.total_seconds())})


def _error(status: int, kind: str, text: str) -> Response:
    return JSONResponse({"error": kind, "error_description": text}, status)
