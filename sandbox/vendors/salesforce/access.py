"""Who may call: OAuth 2.0 with a signed assertion (JWT bearer), client credentials, or a refresh token that is good for one use.

Assertions are judged by the real clock, since callers sign with theirs; sessions end by the sandbox's clock. No answer tells when.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from sandbox.vendors.tokens import CLIENT_ID, CLIENT_SECRET, FIRST_REFRESH_TOKEN

PublicKey = rsa.RSAPublicKey
ORGANIZATION = "00D000000000001EAA"
USER = "005000000000001AAA"
USERNAME = "integration@meridian.example.crm"
SESSION = timedelta(hours=2)
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LONGEST_ASSERTION = 300
_LEEWAY = 30


class _Refused(Exception):
    """A grant that is refused: the error's name and its description."""


@dataclass
class Access:
    """The org's connected app, its sessions and the refresh tokens that live."""

    now: Callable[[], datetime]
    certificate: PublicKey | None = None
    sessions: dict[str, datetime] = field(default_factory=dict)
    refresh_tokens: set[str] = field(default_factory=lambda: {FIRST_REFRESH_TOKEN})
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)

    def allows(self, request_headers: str | None) -> bool:
        """Whether an authorization header holds a living session; ``OAuth`` is the old name of ``Bearer``."""
        kind, _, token = (request_headers or "").partition(" ")
        return kind in {"Bearer", "OAuth"} and token in self.sessions and self.now() < self.sessions[token]

    def authorize(self, request: Request) -> Response:
        """``/services/oauth2/authorize``: consents at once and goes back with a code."""
        query = request.query_params
        if query.get("client_id") != CLIENT_ID or query.get("response_type") != "code" or "redirect_uri" not in query:
            return JSONResponse({"error": "invalid_client_id", "error_description": "client identifier invalid"}, 400)
        code = secrets.token_urlsafe(16)
        self.codes[code] = (query["redirect_uri"], query.get("code_challenge", ""))
        return RedirectResponse(f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query.get('state', '')})}", 302)

    async def token(self, request: Request) -> Response:
        """``POST /services/oauth2/token``."""
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        grants = {
            JWT_BEARER: self._by_assertion,
            "client_credentials": self._by_client,
            "refresh_token": self._by_refresh_token,
            "authorization_code": self._by_code,
        }
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            return JSONResponse({"error": "unsupported_grant_type", "error_description": "grant type not supported"}, 400)
        try:
            answer = grant(request, form)
        except _Refused as refused:
            error, description = refused.args
            return JSONResponse({"error": error, "error_description": description}, 400)
        token = f"{ORGANIZATION[:15]}!AQ{secrets.token_urlsafe(40)}"
        self.sessions[token] = self.now() + SESSION
        url = _own_address(request)
        whole: dict[str, object] = {
            "access_token": token,
            "instance_url": url,
            "id": f"{url}/id/{ORGANIZATION}/{USER}",
            "token_type": "Bearer",
            "scope": "api refresh_token" if "refresh_token" in answer or form["grant_type"] == "refresh_token" else "api",
        }
        if form["grant_type"] != JWT_BEARER:
            issued_at = str(int(self.now().timestamp() * 1000))
            signed = hmac.new(CLIENT_SECRET.encode(), f"{whole['id']}{issued_at}".encode(), hashlib.sha256).digest()
            whole |= {"issued_at": issued_at, "signature": base64.b64encode(signed).decode()}
        return JSONResponse(whole | answer)

    async def revoke(self, request: Request) -> Response:
        """``POST /services/oauth2/revoke``."""
        token = dict(parse_qsl((await request.body()).decode())).get("token", request.query_params.get("token", ""))
        known = self.sessions.pop(token, None) is not None or token in self.refresh_tokens
        self.refresh_tokens.discard(token)
        if not known:
            return JSONResponse({"error": "unsupported_token_type", "error_description": "invalid token"}, 400)
        return Response("")

    def end_sessions(self) -> None:
        """Let every session end now."""
        self.sessions.clear()

    def _by_assertion(self, _request: Request, form: dict[str, str]) -> dict[str, object]:
        try:
            claims = jwt.decode(
                form.get("assertion", ""), options={"verify_signature": False, "verify_exp": False, "verify_aud": False}
            )
        except jwt.PyJWTError:
            raise _Refused("invalid_grant", "invalid assertion") from None
        if claims.get("iss") != CLIENT_ID:
            raise _Refused("invalid_client_id", "client identifier invalid")
        try:
            if self.certificate is None:
                raise jwt.InvalidKeyError
            jwt.decode(
                form["assertion"], self.certificate, algorithms=["RS256"], options={"verify_exp": False, "verify_aud": False}
            )
        except jwt.PyJWTError:
            raise _Refused("invalid_grant", "invalid assertion") from None
        if not _is_ours(str(claims.get("aud", ""))):
            raise _Refused("invalid_grant", "audience is invalid")
        if claims.get("sub") != USERNAME:
            raise _Refused("invalid_grant", "user hasn't approved this consumer")
        try:
            left = int(claims["exp"]) - datetime.now(UTC).timestamp()  # a well-known client sends a text
        except (KeyError, ValueError, TypeError):
            raise _Refused("invalid_grant", "expiration is invalid") from None
        if not -_LEEWAY < left <= _LONGEST_ASSERTION + _LEEWAY:
            raise _Refused("invalid_grant", "expired authorization code" if left < 0 else "expiration is too far in the future")
        return {}

    def _by_client(self, request: Request, form: dict[str, str]) -> dict[str, object]:
        self._check_client(request, form)
        return {}

    def _by_refresh_token(self, request: Request, form: dict[str, str]) -> dict[str, object]:
        self._check_client(request, form)
        token = form.get("refresh_token", "")
        if token not in self.refresh_tokens:
            raise _Refused("invalid_grant", "expired access/refresh token")
        self.refresh_tokens.discard(token)  # the app rotates its tokens: each is good once
        return {"refresh_token": self._new_refresh_token()}

    def _by_code(self, request: Request, form: dict[str, str]) -> dict[str, object]:
        self._check_client(request, form)
        redirect_uri, challenge = self.codes.pop(form.get("code", ""), ("", ""))
        digest = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest()).decode().rstrip("=")
        if not redirect_uri or redirect_uri != form.get("redirect_uri"):
            raise _Refused("invalid_grant", "expired authorization code")
        if challenge and challenge != digest:
            raise _Refused("invalid_grant", "invalid code verifier")
        return {"refresh_token": self._new_refresh_token()}

    def _new_refresh_token(self) -> str:
        token = secrets.token_urlsafe(40)
        self.refresh_tokens.add(token)
        return token

    @staticmethod
    def _check_client(request: Request, form: dict[str, str]) -> None:
        given = (form.get("client_id", ""), form.get("client_secret", ""))
        kind, _, encoded = request.headers.get("authorization", "").partition(" ")
        if kind == "Basic":
            try:
                name, _, secret = base64.b64decode(encoded).decode().partition(":")
            except ValueError:
                raise _Refused("invalid_client", "invalid client credentials") from None
            given = (name, secret)
        if given[0] != CLIENT_ID:
            raise _Refused("invalid_client_id", "client identifier invalid")
        if given[1] != CLIENT_SECRET:
            raise _Refused("invalid_client", "invalid client credentials")


def _is_ours(audience: str) -> bool:
    """Whether an assertion is meant for the vendor's login hosts or a site of this org."""
    host = audience.removeprefix("https://").removeprefix("http://").split("/")[0]
    return host.endswith(".salesforce.com") or host.split(":")[0] in {"127.0.0.1", "localhost"}


def _own_address(request: Request) -> str:
    """Where the org is, as the caller reached it: the host, and the path up to ``/services``."""
    return f"{request.url.scheme}://{request.url.netloc}{request.url.path.partition('/services/')[0]}"
