"""The authentication service and OAuth 2.0: tokens of 35 minutes that a refresh makes live longer without changing them."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from sandbox.vendors.anaplan import replies
from sandbox.vendors.tokens import CLIENT_ID, CLIENT_SECRET, FIRST_REFRESH_TOKEN

USERNAME, PASSWORD = "hub@meridian.example", "sandbox-password"
LIFE = timedelta(minutes=35)
_LEAST_RANDOM = 100  # bytes that a certificate's owner signs
_USER, _CUSTOMER = "8a81b09d5e8c6f27015ece3402487d33", "8a81b09d5e8c6f27015ece3402487d32"
_SCHEMES = ("AnaplanAuthToken ", "Bearer ")


@dataclass
class _Token:
    id: str
    expires_at: datetime
    refresh_id: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass
class Access:
    """Issues and checks tokens. Any certificate whose owner can sign is that of the one user; ``/auth/...`` and ``/oauth/...`` are the app's."""

    now: Callable[[], datetime]

    def __post_init__(self) -> None:
        self._tokens: dict[str, _Token] = {}
        self._refresh = {FIRST_REFRESH_TOKEN}
        self._codes: set[str] = set()
        self._lock = threading.Lock()

    def routes(self) -> list[BaseRoute]:
        """What it answers."""
        return [
            Route("/token/authenticate", self._authenticate, methods=["POST"]),
            Route("/token/refresh", self._prolong, methods=["POST"]),
            Route("/token/validate", self._validate),
            Route("/token/logout", self._logout, methods=["POST"]),
            Route("/auth/authorize", self._authorize),
            Route("/oauth/device/code", self._device, methods=["POST"]),
            Route("/oauth/token", self._oauth, methods=["POST"]),
        ]

    def knows(self, authorization: str) -> bool:
        """Whether a header holds a living token."""
        found = self._tokens.get(_value(authorization))
        return found is not None and self.now() < found.expires_at

    def expire(self) -> None:
        """Let every living token die now."""
        self._tokens.clear()

    async def _authenticate(self, request: Request) -> Response:
        given = request.headers.get("authorization", "")
        scheme, _, proof = given.partition(" ")
        if scheme == "Basic" and proof:
            if proof != base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode():
                return _failure(401, "FAILURE_BAD_CREDENTIAL", "authentication failed")
        elif scheme == "CACertificate" and proof:
            if not _is_signed(proof, await request.body()):
                return _failure(401, "FAILURE_BAD_CREDENTIAL", "authentication failed")
        else:
            return _failure(400, "FAILURE_BAD_HEADER", "invalid authorization header")
        value = secrets.token_urlsafe(48)
        with self._lock:
            self._tokens[value] = _Token(str(uuid.uuid4()), self.now() + LIFE)
        return self._told(request, value, 201, "Login successful")

    def _prolong(self, request: Request) -> Response:
        value, trouble = self._presented(request)
        if trouble is not None:
            return trouble
        self._tokens[value].expires_at = self.now() + LIFE
        return self._told(request, value, 200, "Token refreshed")

    def _validate(self, request: Request) -> Response:
        value, trouble = self._presented(request)
        if trouble is not None:
            return trouble
        token = self._tokens[value]
        return replies.json(
            {
                "meta": {"validationUrl": _validation(request)},
                "status": "SUCCESS",
                "statusMessage": "Token validated",
                "tokenInfo": {"expiresAt": _milliseconds(token.expires_at), "tokenId": token.id},
                "userInfo": {"userGuid": _USER, "userId": USERNAME, "customerGuid": _CUSTOMER},
            }
        )

    def _logout(self, request: Request) -> Response:
        value, trouble = self._presented(request)
        if trouble is not None:
            return trouble
        self._tokens.pop(value, None)
        return Response(status_code=204)

    def _presented(self, request: Request) -> tuple[str, Response | None]:
        given = Headers(scope=request.scope).get("authorization", "")
        if not given.startswith(_SCHEMES):
            return "", _failure(400, "FAILURE_BAD_HEADER", "invalid authorization header")
        if not self.knows(given):
            return "", _failure(401, "FAILURE_BAD_CREDENTIAL", "Token is not valid")
        return _value(given), None

    def _told(self, request: Request, value: str, status: int, message: str) -> Response:
        token = self._tokens[value]
        info = {
            "expiresAt": _milliseconds(token.expires_at),
            "tokenId": token.id,
            "tokenValue": value,
            "refreshTokenId": token.refresh_id,
        }
        meta = {"validationUrl": _validation(request)}
        return replies.json({"meta": meta, "status": "SUCCESS", "statusMessage": message, "tokenInfo": info}, status)

    def _authorize(self, request: Request) -> Response:
        """The consent page: consents at once and goes back with a code."""
        query = request.query_params
        if query.get("client_id") != CLIENT_ID or query.get("response_type") != "code" or "redirect_uri" not in query:
            return _oauth_error("invalid_request", "Missing or unknown client_id, response_type or redirect_uri")
        code = secrets.token_urlsafe(16)
        self._codes.add(code)
        state = f"&state={query['state']}" if "state" in query else ""
        return RedirectResponse(f"{query['redirect_uri']}?code={code}{state}", 302)

    async def _device(self, request: Request) -> Response:
        given = await _body(request)
        if given.get("client_id") != CLIENT_ID:
            return _oauth_error("invalid_client", "Unknown client", 401)
        code = secrets.token_urlsafe(16)
        self._codes.add(code)
        page = f"{replies.root(request)}/activate"
        return replies.json(
            {
                "device_code": code,
                "user_code": "MRDN-PLAN",
                "verification_uri": page,
                "verification_uri_complete": f"{page}?user_code=MRDN-PLAN",
                "expires_in": 900,
                "interval": 5,
            }
        )

    async def _oauth(self, request: Request) -> Response:
        given = await _body(request)
        if given.get("client_id") != CLIENT_ID or given.get("client_secret", CLIENT_SECRET) != CLIENT_SECRET:
            return _oauth_error("invalid_client", "Unknown client", 401)
        grant = str(given.get("grant_type", ""))
        if grant == "refresh_token":
            presented = str(given.get("refresh_token", ""))
            if presented not in self._refresh:
                return _oauth_error("invalid_grant", "Unknown or invalid refresh token.", 403)
            self._refresh.discard(presented)
        elif grant in {"authorization_code", "urn:ietf:params:oauth:grant-type:device_code", "device_code"}:
            code = str(given.get("code") or given.get("device_code") or "")
            if code not in self._codes:
                return _oauth_error("invalid_grant", "Invalid code", 403)
            self._codes.discard(code)
        else:
            return _oauth_error("unsupported_grant_type", f"Unsupported grant type: {grant}")
        value, refresh = secrets.token_urlsafe(48), secrets.token_urlsafe(24)
        with self._lock:
            self._tokens[value] = _Token(str(uuid.uuid4()), self.now() + LIFE)
            self._refresh.add(refresh)
        return replies.json(
            {
                "access_token": value,
                "refresh_token": refresh,
                "token_type": "Bearer",
                "expires_in": int(LIFE.total_seconds()),
                "scope": "openid profile email offline_access",
            }
        )


def _value(authorization: str) -> str:
    for scheme in _SCHEMES:
        if authorization.startswith(scheme):
            return authorization.removeprefix(scheme)
    return ""


def _is_signed(proof: str, body: bytes) -> bool:
    """Whether the certificate's owner signed the random bytes of the call."""
    try:
        given = msgspec.json.decode(body, type=dict[str, str])
        certificate = x509.load_pem_x509_certificate(base64.b64decode(proof, validate=True))
        data = base64.b64decode(given["encodedData"], validate=True)
        signed = base64.b64decode(given["encodedSignedData"], validate=True)
    except (msgspec.DecodeError, binascii.Error, KeyError, ValueError):
        return False
    key = certificate.public_key()
    if len(data) < _LEAST_RANDOM or not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        key.verify(signed, data, padding.PKCS1v15(), hashes.SHA512())
    except InvalidSignature:
        return False
    return True


async def _body(request: Request) -> dict[str, Any]:
    try:
        return msgspec.json.decode(await request.body(), type=dict[str, Any])
    except msgspec.DecodeError:
        return {}


def _validation(request: Request) -> str:
    return f"{replies.root(request)}/token/validate"


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _failure(status: int, kind: str, message: str) -> Response:
    return replies.json({"status": kind, "statusMessage": message}, status)


def _oauth_error(kind: str, message: str, status: int = 400) -> Response:
    return replies.json({"error": kind, "error_description": message}, status)
