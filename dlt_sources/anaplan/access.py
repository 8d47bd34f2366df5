"""Tokens of the authentication service: they live 35 minutes, and a refresh makes them live longer without changing them."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from dlt_sources.http import AuthenticationRejected, MalformedReply, TokenSet, TokenStore, TransientFailure, origin, redaction

_TIMEOUT, _ATTEMPTS, _RANDOM_BYTES = 30.0, 3, 128
_LIFE = timedelta(minutes=35)  # counted by the clock here: the answer tells its end by the vendor's
_CLIENT_ERROR, _SERVER_ERROR, _TOO_MANY = 400, 500, 429

Proof = Callable[[], tuple[str, Mapping[str, str] | None]]
"""Gives the header of a login, and its body if it has one."""


class _Info(msgspec.Struct, rename="camel"):
    token_value: str


class _Answer(msgspec.Struct, rename="camel"):
    token_info: _Info


def password_proof(username: str, password: str) -> Proof:
    """User name and password; in a workspace with single sign-on the user must be an exception user."""
    redaction.register(password)
    header = base64.b64encode(f"{username}:{password}".encode()).decode()
    redaction.register(header)
    return lambda: (f"Basic {header}", None)


def certificate_proof(certificate: str, private_key: str) -> Proof:
    """A certificate (PEM) and random bytes signed with its RSA key by SHA-512.

    Raises ValueError for a key that is not RSA, or no key.
    """
    redaction.register(private_key)
    key = load_pem_private_key(private_key.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("private_key must be an RSA key")  # noqa: TRY004 - a wrong setting
    header = base64.b64encode(certificate.encode()).decode()

    def prove() -> tuple[str, Mapping[str, str]]:
        data = secrets.token_bytes(_RANDOM_BYTES)
        signed = key.sign(data, padding.PKCS1v15(), hashes.SHA512())
        body = {"encodedData": base64.b64encode(data).decode(), "encodedSignedData": base64.b64encode(signed).decode()}
        return f"CACertificate {header}", body

    return prove


class ServiceToken:
    """Gives ``AnaplanAuthToken`` headers; a token that grows old is refreshed, one that was refused is replaced by a new login."""

    def __init__(self, connection: str, store: TokenStore, auth_url: str, prove: Proof) -> None:
        self._connection = connection
        self._store = store
        self._address = auth_url.rstrip("/")
        self._prove = prove
        self._presented: str | None = None
        self._refused: str | None = None

    def __repr__(self) -> str:
        return f"ServiceToken({self._connection!r})"

    def headers(self, method: str, url: str) -> Mapping[str, str]:  # noqa: ARG002 - protocol
        """Return a token that has a fifth of its life before it."""
        self._presented = self._store.access_token(self._connection, self._renew, rejected=self._refused)
        return {"Authorization": f"AnaplanAuthToken {self._presented}"}

    def rejected(self) -> bool:
        """Count the presented token as dead, whatever its clock says."""
        self._refused = self._presented
        return True

    def _renew(self, _refresh_token: str | None) -> TokenSet:
        """Under the store's lock: prolong the token that is stored, else log in anew."""
        stored = self._store.current(self._connection)
        now = datetime.now(UTC)
        if stored and stored.access_token != self._refused and stored.expires_at and now < stored.expires_at:
            try:
                return self._ask("refresh", f"AnaplanAuthToken {stored.access_token}", None)
            except AuthenticationRejected:
                pass  # logged out, or the login of other credentials
        return self._ask("authenticate", *self._prove())

    def _ask(self, what: str, header: str, body: Mapping[str, str] | None) -> TokenSet:
        url, problem = f"{self._address}/token/{what}", ""
        origin(url)
        with httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as http:
            for _ in range(_ATTEMPTS):
                try:
                    reply = http.post(url, headers={"Authorization": header, "Accept": "application/json"}, json=body)
                except (httpx.TransportError, httpx.DecodingError) as trouble:
                    problem = type(trouble).__name__
                    continue
                if reply.status_code >= _SERVER_ERROR or reply.status_code == _TOO_MANY:
                    problem = f"HTTP {reply.status_code}"
                    continue
                if reply.status_code >= _CLIENT_ERROR:
                    told = redaction.redact(" ".join(reply.text.split())[:200])
                    raise AuthenticationRejected(
                        f"Connection '{self._connection}': Anaplan refused the login (HTTP {reply.status_code}: {told}). Check username "
                        "and password, or certificate and private_key; where people log in by single sign-on, the user must be an exception user."
                    )
                try:
                    info = msgspec.json.decode(reply.content, type=_Answer).token_info
                except msgspec.DecodeError:
                    raise MalformedReply(
                        f"Connection '{self._connection}': the login's answer holds no token; check auth_url."
                    ) from None
                redaction.register(info.token_value)
                now = datetime.now(UTC)
                return TokenSet(access_token=info.token_value, issued_at=now, expires_at=now + _LIFE)
        raise TransientFailure(
            f"Connection '{self._connection}': the login could not be reached ({problem}); check auth_url and the network."
        )
