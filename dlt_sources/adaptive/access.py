"""What proves a call: login and password, or a token that the Workday host gives for an assertion of a registered API client.

Both travel in the body of each call. The body is nowhere kept, and what is in it is masked wherever it appears.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from xml.sax.saxutils import escape

import jwt
import msgspec

from dlt_sources.http import (
    ApiClient,
    AuthenticationRejected,
    MalformedReply,
    OAuth2,
    Policy,
    Reply,
    Request,
    TokenSet,
    TokenStore,
    redaction,
)

_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_AUDIENCE = "wd"
_ASSERTION_SECONDS = 180


class Credentials(Protocol):
    """Gives the attributes that prove a call."""

    def attributes(self) -> Mapping[str, str]:
        """What the call carries."""

    def rejected(self) -> bool:
        """The vendor has refused it. Return True if trying again with new credentials makes sense."""


@dataclass(frozen=True)
class Password:
    """A user of the instance."""

    login: str
    password: str

    def __post_init__(self) -> None:
        redaction.register(self.password, escape(self.password, {'"': "&quot;"}))

    def __repr__(self) -> str:
        return "Password()"

    def attributes(self) -> Mapping[str, str]:
        """Login and password."""
        return {"login": self.login, "password": self.password}

    def rejected(self) -> bool:
        """They do not change."""
        return False


class WorkdayToken:
    """A token of the Workday host: kept until it ends, or until it is refused where nobody tells when that is."""

    def __init__(
        self, connection: str, store: TokenStore, host: str, tenant: str, assertion: Callable[[], Mapping[str, str]]
    ) -> None:
        self._connection, self._store = connection, store
        self._host, self._path = host.rstrip("/"), f"ccx/api/planning/v1/{tenant}/adaptivePublicAPIAccessToken"
        self._auth = OAuth2(connection, store, token_url=f"{self._host}/ccx/oauth2/{tenant}/token", assertion=assertion)
        self._presented: str | None = None
        self._refused: str | None = None

    def __repr__(self) -> str:
        return f"WorkdayToken({self._connection!r})"

    def attributes(self) -> Mapping[str, str]:
        """The token."""
        self._presented = self._store.access_token(
            f"{self._connection}.planning", lambda _none: self._renew(), rejected=self._refused
        )
        return {"token": self._presented}

    def rejected(self) -> bool:
        """Count the presented token as dead."""
        self._refused = self._presented
        return True

    def _renew(self) -> TokenSet:
        with ApiClient(self._connection, self._host, self._auth, Policy()) as workday:
            found: TokenSet = workday.send(Request("GET", self._path), _token)
        redaction.register(found.access_token)
        return found


def _token(reply: Reply) -> TokenSet:
    """The token of an answer; nobody documents how it is called there."""
    try:
        told = msgspec.json.decode(reply.body, type=dict[str, object])
    except msgspec.DecodeError:
        told = {}
    token = next((told[name] for name in ("access_token", "accessToken", "token") if isinstance(told.get(name), str)), None)
    if not isinstance(token, str) or not token:
        raise MalformedReply(f"{reply.request} answered without a token; check workday_host and workday_tenant.")
    seconds = told.get("expires_in", told.get("expiresIn"))
    now = datetime.now(UTC)
    return TokenSet(
        access_token=token, issued_at=now, expires_at=now + timedelta(seconds=seconds) if isinstance(seconds, int) else None
    )


def signed_assertion(connection: str, client_id: str, user: str, private_key: str) -> Callable[[], Mapping[str, str]]:
    """Form fields that prove the API client: a statement for the integration user, signed anew (RS256) for each token."""
    redaction.register(private_key)

    def prove() -> Mapping[str, str]:
        claims = {"iss": client_id, "sub": user, "aud": _AUDIENCE, "exp": int(time.time()) + _ASSERTION_SECONDS}
        try:
            return {"grant_type": _GRANT, "assertion": jwt.encode(claims, private_key, algorithm="RS256")}
        except (ValueError, TypeError, jwt.PyJWTError):
            # The library's texts could hold parts of the key.
            raise AuthenticationRejected(
                f"Connection '{connection}': private_key or private_key_file holds no RSA private key in PEM form without a password."
            ) from None

    return prove
