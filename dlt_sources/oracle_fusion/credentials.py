"""How a connection proves itself to a pod: Basic, tokens of the identity domain, or JWTs that a trusted issuer signs itself."""

from __future__ import annotations

import base64
import hashlib
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from dlt_sources.http import Auth, OAuth2, TokenStore, basic, redaction

if TYPE_CHECKING:
    from dlt_sources.oracle_fusion import OracleSettings

IDENTITY_AUDIENCE = "https://identity.oraclecloud.com/"
_BEARER_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LIFE = 300  # seconds; longer ones are refused by some pods
_FRESH_SHARE = 0.8


def auth_of(name: str, settings: OracleSettings, store: TokenStore) -> Auth:
    """The credentials of the settings; the settings have seen to it that one way is complete."""
    if settings.issuer:
        return TrustedIssuer(settings.issuer, settings.username, pem(settings.private_key), pem(settings.certificate))
    if not settings.client_id:
        return basic(settings.username, settings.password)
    key = pem(settings.private_key)
    return OAuth2(
        name,
        store,
        token_url=settings.token_url or "",
        client_id=settings.client_id,
        client_secret=settings.client_secret,
        scope=settings.scope or None,
        assertion=_assertion(settings, key) if key else None,
    )


def pem(text: str) -> str:
    """A PEM text as it was, whether its line ends travelled as such or escaped."""
    return text.replace("\\n", "\n").strip()


def _assertion(settings: OracleSettings, key: str) -> Callable[[], Mapping[str, str]]:
    """The form fields of the JWT bearer grant: the user's assertion, signed anew each time."""
    redaction.register(key)

    def fields() -> Mapping[str, str]:
        import jwt

        now = int(time.time())
        claims = {
            "iss": settings.client_id,
            "sub": settings.username,
            "aud": [IDENTITY_AUDIENCE],
            "iat": now,
            "exp": now + _LIFE,
            "jti": uuid.uuid4().hex,
        }
        head = {"kid": settings.key_id} if settings.key_id else {}
        signed = jwt.encode(claims, key, algorithm="RS256", headers=head)
        return {"grant_type": _BEARER_GRANT, "assertion": signed}

    return fields


class TrustedIssuer:
    """A self-signed JWT (RS256, certificate named by its SHA-1 thumbprint) presented as the bearer token, minted before it ends."""

    def __init__(
        self, issuer: str, username: str, private_key: str, certificate: str, *, now: Callable[[], float] = time.time
    ) -> None:
        redaction.register(private_key)
        self._issuer = issuer
        self._username = username
        self._key = private_key
        self._certificate = certificate
        self._now = now
        self._lock = threading.Lock()
        self._token = ""
        self._until = 0.0

    def __repr__(self) -> str:
        return f"TrustedIssuer({self._issuer!r})"

    def headers(self, method: str, url: str) -> Mapping[str, str]:  # noqa: ARG002 - protocol
        """Return a bearer token, minted anew if four fifths of its life have passed."""
        with self._lock:
            if self._now() >= self._until:
                self._mint()
            return {"Authorization": f"Bearer {self._token}"}

    def rejected(self) -> bool:
        """A token minted now may help where the first was too old."""
        with self._lock:
            self._until = 0.0
        return True

    def _mint(self) -> None:
        import jwt

        moment = self._now()
        claims = {"iss": self._issuer, "prn": self._username, "iat": int(moment), "exp": int(moment) + _LIFE}
        self._token = jwt.encode(claims, self._key, algorithm="RS256", headers={"x5t": thumbprint(self._certificate)})
        self._until = moment + _LIFE * _FRESH_SHARE
        redaction.register(self._token)


def thumbprint(certificate: str) -> str:
    """The SHA-1 digest of a PEM certificate in base64, as the header ``x5t`` wants it. Raises ValueError for anything else."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    der = x509.load_pem_x509_certificate(certificate.encode()).public_bytes(Encoding.DER)
    return base64.b64encode(hashlib.sha1(der, usedforsecurity=False).digest()).decode()
