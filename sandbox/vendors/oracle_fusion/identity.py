"""Who may call: Basic, access tokens of the identity domain (IDCS), and JWTs that a trusted issuer signs itself."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from urllib.parse import parse_qsl

import jwt
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.vendors.tokens import CLIENT_ID, CLIENT_SECRET

USERNAME = "sandbox.integration"
PASSWORD = "sandbox-password"
SCOPE = "urn:opc:resource:faaas:fa:sandboxurn:opc:resource:consumer::all"
AUDIENCE = "https://identity.oraclecloud.com/"
_EXPIRY = "urn:opc:resource:expiry="
_SECONDS = 3600
_BEARER_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass
class Identity:
    """Issues and checks credentials. ``certificates`` are those that were registered, by SHA-1 thumbprint."""

    now: Callable[[], datetime]
    access: dict[str, datetime] = field(default_factory=dict)
    certificates: dict[str, x509.Certificate] = field(default_factory=dict)

    async def token(self, request: Request) -> Response:
        """``POST /oauth2/v1/token``; the client proves itself in the Basic header."""
        form = dict(parse_qsl((await request.body()).decode()))
        known = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {known}":
            return _oauth_error(401, "invalid_client", "Client authentication failed.")
        scopes = form.get("scope", "").split()
        if SCOPE not in scopes:
            return _oauth_error(400, "invalid_scope", "Invalid scope.")
        grant = form.get("grant_type")
        if grant == _BEARER_GRANT:
            if not self._signed(form.get("assertion", ""), audience=AUDIENCE):
                return _oauth_error(400, "invalid_grant", "Invalid assertion.")
        elif grant != "client_credentials":
            return _oauth_error(400, "unsupported_grant_type", f"The grant type {grant} is not supported.")
        seconds = next((int(scope.removeprefix(_EXPIRY)) for scope in scopes if scope.startswith(_EXPIRY)), _SECONDS)
        token = ".".join(
            (
                _part({"alg": "RS256", "typ": "JWT", "kid": "SIGNING_KEY"}),
                _part({"sub": CLIENT_ID, "scope": SCOPE}),
                secrets.token_urlsafe(32),
            )
        )
        self.access[token] = self.now() + timedelta(seconds=seconds)
        return JSONResponse({"access_token": token, "token_type": "Bearer", "expires_in": seconds})

    def is_known(self, authorization: str | None) -> bool:
        """Whether the header proves a user who is known here."""
        kind, _, proof = (authorization or "").partition(" ")
        if kind.lower() == "basic":
            return proof == base64.b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()
        if kind.lower() != "bearer":
            return False
        if proof in self.access:
            return self.now() < self.access[proof]
        return self._signed(proof, audience=None)

    def register(self, pem: bytes) -> str:
        """Trust a certificate; returns its thumbprint."""
        certificate = x509.load_pem_x509_certificate(pem)
        digest = hashlib.sha1(certificate.public_bytes(Encoding.DER), usedforsecurity=False).digest()
        thumbprint = base64.b64encode(digest).decode()
        self.certificates[thumbprint] = certificate
        return thumbprint

    def _signed(self, token: str, *, audience: str | None) -> bool:
        """A JWT, RS256, of a registered certificate: one for an assertion (``audience``), or one of a trusted issuer."""
        try:
            head = jwt.get_unverified_header(token)
            certificates = [self.certificates[head["x5t"]]] if audience is None else list(self.certificates.values())
        except (jwt.InvalidTokenError, KeyError):
            return False
        required = ["iss", "prn", "iat", "exp"] if audience is None else ["iss", "sub", "aud", "iat", "exp"]
        for certificate in certificates:
            try:
                claims = jwt.decode(
                    token,
                    certificate.public_key(),  # type: ignore[arg-type]  # RS256 takes RSA keys only
                    algorithms=["RS256"],
                    audience=audience,
                    options={"require": required, "verify_exp": False, "verify_iat": False, "verify_aud": audience is not None},
                )
            except jwt.InvalidTokenError:
                continue
            return claims.get("prn", claims.get("sub")) == USERNAME
        return False


def _part(values: Mapping[str, str]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(values)).decode().rstrip("=")


def _oauth_error(status: int, error: str, description: str) -> Response:
    return JSONResponse({"error": error, "error_description": description}, status)
