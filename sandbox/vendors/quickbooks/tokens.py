"""Intuit's OAuth 2.0: access tokens of an hour, refresh tokens whose value changes daily, and a consent that ends after five years."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from sandbox.vendors.tokens import CLIENT_ID, FIRST_REFRESH_TOKEN, TokenServer

ACCESS_SECONDS = 3600
REFRESH_LIFE = timedelta(seconds=8_726_400)  # 101 days without use
CONSENT_LIFE = timedelta(days=5 * 365)
VALUE_LIFE = timedelta(hours=24)
_WRONG = {"error": "invalid_grant", "error_description": "Incorrect or invalid refresh token"}


@dataclass(frozen=True)
class _Value:
    """A refresh token's present value: when it was issued and last used, and when the person consented."""

    issued_at: datetime
    used_at: datetime
    consented_at: datetime


@dataclass
class IntuitTokens(TokenServer):
    """The token server of one environment (production or sandbox keys); consent is given for one company."""

    realm_id: str = ""
    values: dict[str, _Value] = field(default_factory=dict)

    def __post_init__(self) -> None:
        now = self.now()
        self.values[FIRST_REFRESH_TOKEN] = _Value(now, now, now)

    def authorize(self, request: Request) -> Response:
        """The consent page: consents at once; the answer names the company."""
        query = request.query_params
        if query.get("client_id") != CLIENT_ID or query.get("response_type") != "code" or "redirect_uri" not in query:
            return JSONResponse({"error": "invalid_request"}, 400)
        code = secrets.token_urlsafe(16)
        self.codes[code] = query["redirect_uri"]
        back = {"code": code, "state": query.get("state", ""), "realmId": self.realm_id}
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode(back)}", 302)

    async def token(self, request: Request) -> Response:
        """The token endpoint: authorization codes, once, and refresh tokens."""
        form = dict(parse_qsl((await request.body()).decode()))
        if not self._client_is_known(request, form):
            return JSONResponse({"error": "invalid_client"}, 401)
        grant, now = form.get("grant_type"), self.now()
        if grant == "authorization_code":
            if self.codes.pop(form.get("code", ""), None) != form.get("redirect_uri"):
                return JSONResponse({"error": "invalid_grant", "error_description": "Invalid authorization code"}, 400)
            return self._grant(request, secrets.token_urlsafe(24), _Value(now, now, now))
        if grant != "refresh_token":
            return JSONResponse({"error": "unsupported_grant_type"}, 400)
        token = form.get("refresh_token", "")
        value = self.values.get(token)
        if value is None or now > value.used_at + REFRESH_LIFE or now > value.consented_at + CONSENT_LIFE:
            return JSONResponse(_WRONG, 400)
        if now < value.issued_at + VALUE_LIFE:
            return self._grant(request, token, _Value(value.issued_at, now, value.consented_at))
        del self.values[token]  # the former value dies at once
        return self._grant(request, secrets.token_urlsafe(24), _Value(now, now, value.consented_at))

    async def revoke(self, request: Request) -> Response:
        """Withdraw a token: with it, the consent."""
        body = await request.body()
        try:
            token = msgspec.json.decode(body, type=dict[str, str]).get("token", "")
        except msgspec.DecodeError:
            token = dict(parse_qsl(body.decode())).get("token", "")
        if not self._client_is_known(request, {}):
            return JSONResponse({"error": "invalid_client"}, 401)
        known = self.values.pop(token, None) or self.access.pop(token, None)
        return Response("", 200 if known else 400)

    def revoke_all(self) -> None:
        """Let every token die: consent was withdrawn."""
        super().revoke_all()
        self.values.clear()

    def _grant(self, request: Request, token: str, value: _Value) -> Response:
        self.values[token] = value
        access, now = secrets.token_urlsafe(96), self.now()
        self.access[access] = now + timedelta(seconds=ACCESS_SECONDS)
        left = int((value.consented_at + CONSENT_LIFE - now).total_seconds())
        answer: dict[str, object] = {
            "token_type": "bearer",
            "access_token": access,
            "refresh_token": token,
            "expires_in": ACCESS_SECONDS,
            "x_refresh_token_expires_in": min(int(REFRESH_LIFE.total_seconds()), left),
        }
        if request.headers.get("x-include-refresh-token-hard-expires-in", "").lower() == "true":
            answer["x_refresh_token_hard_expires_in"] = left
        return JSONResponse(answer)


def discovery(url: str) -> Mapping[str, object]:
    """The discovery document of an environment, whose own address is ``url``."""
    return {
        "issuer": "https://oauth.platform.intuit.com/op/v1",
        "authorization_endpoint": f"{url}/connect/oauth2",
        "token_endpoint": f"{url}/oauth2/v1/tokens/bearer",
        "userinfo_endpoint": f"{url}/v1/openid_connect/userinfo",
        "revocation_endpoint": f"{url}/v2/oauth2/tokens/revoke",
        "jwks_uri": f"{url}/op/v1/jwks",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "email", "profile", "address", "phone"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["aud", "exp", "iat", "iss", "realmid", "sub"],
    }
