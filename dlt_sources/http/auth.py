"""How a connection proves who it is.

An :class:`Auth` gives the headers of each call and is told when the vendor refuses them; ``headers`` sees method and whole URL,
so that calls can be signed.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

import httpx
import msgspec

from dlt_sources.http import redaction
from dlt_sources.http.errors import AuthenticationRejected, MalformedReply, QuotaExhausted, TransientFailure
from dlt_sources.http.tokens import TokenSet, TokenStore, tokens_from_answer

_TOKEN_TIMEOUT = 30.0
_CLIENT_ERROR, _FORBIDDEN, _SERVER_ERROR, _TOO_MANY = 400, 403, 500, 429


class Auth(Protocol):
    """Gives the credentials of each call."""

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        """Return the headers that authenticate this call."""

    def rejected(self) -> bool:
        """The vendor answered 401. Return True if trying again with new credentials makes sense."""


@dataclass(frozen=True)
class NoAuth:
    """A public service."""

    def headers(self, method: str, url: str) -> Mapping[str, str]:  # noqa: ARG002 - protocol
        """Return nothing."""
        return {}

    def rejected(self) -> bool:
        """Nothing to renew."""
        return False


@dataclass(frozen=True)
class StaticToken:
    """A token or key that does not change, in a header (never in the URL, where logs would keep it)."""

    token: str = field(repr=False)
    header: str = "Authorization"
    prefix: str = "Bearer "

    def __post_init__(self) -> None:
        redaction.register(self.token)

    def headers(self, method: str, url: str) -> Mapping[str, str]:  # noqa: ARG002 - protocol
        """Return the header with the token."""
        return {self.header: f"{self.prefix}{self.token}"}

    def rejected(self) -> bool:
        """A static token cannot be renewed."""
        return False


def basic(username: str, password: str) -> StaticToken:
    """User name and password in the Basic header (RFC 7617)."""
    redaction.register(password)
    return StaticToken(base64.b64encode(f"{username}:{password}".encode()).decode(), prefix="Basic ")


class OAuth1:
    """Signed calls of OAuth 1.0a (RFC 5849), HMAC-SHA256; query parameters are signed, a JSON body is not."""

    def __init__(self, *, consumer_key: str, consumer_secret: str, token: str, token_secret: str, realm: str = "") -> None:
        redaction.register(consumer_secret, token, token_secret)
        self._keys = {
            "client_key": consumer_key,
            "client_secret": consumer_secret,
            "resource_owner_key": token,
            "resource_owner_secret": token_secret,
            "realm": realm or None,
        }

    def headers(self, method: str, url: str) -> Mapping[str, str]:
        """Return the signature of this very call: it holds a moment and a number used once."""
        from oauthlib.oauth1 import SIGNATURE_HMAC_SHA256, Client

        _, signed, _ = Client(signature_method=SIGNATURE_HMAC_SHA256, **self._keys).sign(url, http_method=method)
        return {"Authorization": signed["Authorization"]}

    def rejected(self) -> bool:
        """The keys do not change; a new signature may help where the first was too late."""
        return True


class OAuth2:
    """Client credentials, or a refresh token that the vendor may rotate; access tokens live in the token store.

    ``first_refresh_token`` starts the refresh-token grant; without it, and without stored consent, client credentials are used.
    ``extra`` are further headers of every call. ``client_in_form`` is for vendors that do not read the Basic header, ``in_query`` for
    those that read neither it nor a form: everything travels in the address, which no log of ours keeps; ``in_json`` for those that
    want a JSON body. ``assertion``
    gives form fields that stand in place of a secret: an assertion signed anew for each token (RFC 7523), and the grant where it is
    not client credentials. ``token_headers`` are further headers of calls to the token endpoint.
    """

    def __init__(
        self,
        connection: str,
        store: TokenStore,
        *,
        token_url: str,
        client_id: str = "",
        client_secret: str = "",
        first_refresh_token: str | None = None,
        scope: str | None = None,
        extra: Mapping[str, str] | None = None,
        client_in_form: bool = False,
        in_query: bool = False,
        in_json: bool = False,
        assertion: Callable[[], Mapping[str, str]] | None = None,
        token_headers: Mapping[str, str] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        redaction.register(client_secret, first_refresh_token, base64.b64encode(f"{client_id}:{client_secret}".encode()).decode())
        self._assertion = assertion
        self._token_headers = dict(token_headers or {})
        self._connection = connection
        self._store = store
        self._token_url = token_url
        self._client = (client_id, client_secret) if client_secret else None
        self._first_refresh_token = first_refresh_token
        self._scope = scope
        self._extra = dict(extra or {})
        self._client_in_form = client_in_form
        self._in_query = in_query
        self._in_json = in_json
        self._now = now
        self._presented: str | None = None
        self._refused: str | None = None

    def __repr__(self) -> str:
        return f"OAuth2({self._connection!r})"

    def headers(self, method: str, url: str) -> Mapping[str, str]:  # noqa: ARG002 - protocol
        """Return a bearer token, renewed if four fifths of its life have passed."""
        self._presented = self._store.access_token(
            self._connection,
            self._renew,
            first_refresh_token=self._first_refresh_token,
            rejected=self._refused,
            now=self._now,
        )
        return {**self._extra, "Authorization": f"Bearer {self._presented}"}

    def rejected(self) -> bool:
        """Count the presented token as dead, whatever its clock says."""
        self._refused = self._presented
        return True

    def _renew(self, refresh_token: str | None) -> TokenSet:
        form = (
            {"grant_type": "refresh_token", "refresh_token": refresh_token}
            if refresh_token
            else {"grant_type": "client_credentials"}
        )
        if self._scope and not refresh_token:
            form["scope"] = self._scope
        if self._assertion:
            form |= self._assertion()
        return request_tokens(
            self._connection,
            self._token_url,
            form,
            self._client,
            client_in_form=self._client_in_form,
            in_query=self._in_query,
            in_json=self._in_json,
            headers=self._token_headers,
            now=self._now,
        )


def request_tokens(
    connection: str,
    token_url: str,
    form: Mapping[str, str],
    client: tuple[str, str] | None,
    *,
    client_in_form: bool = False,
    in_query: bool = False,
    in_json: bool = False,
    headers: Mapping[str, str] | None = None,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
    attempts: int = 3,
) -> TokenSet:
    """Call a token endpoint (RFC 6749). Client id and secret travel in the Basic header, or in the form; None: the form proves all.

    ``in_query`` puts the form and the client into the query of a GET instead, ``in_json`` into a JSON body.

    Raises :class:`AuthenticationRejected` when the vendor refuses (HTTP 400, 401), :class:`QuotaExhausted` when it says that too many
    calls were made (Salesforce does so under 403), :class:`TransientFailure` when it cannot be reached. A lost answer is retried with the
    same grant, which vendors with a grace period accept.
    """
    from dlt_sources.http.client import origin

    origin(token_url)
    problem = ""
    body, proof = dict(form), httpx.Auth()
    if client and (client_in_form or in_query or in_json):
        body |= {"client_id": client[0], "client_secret": client[1]}
    elif client:
        proof = httpx.BasicAuth(*client)
    with httpx.Client(timeout=_TOKEN_TIMEOUT, follow_redirects=False, trust_env=False) as http:
        for _ in range(attempts):
            try:
                accepted = {"Accept": "application/json", **(headers or {})}
                if in_query:
                    response = http.get(token_url, params=body, headers=accepted)
                elif in_json:
                    response = http.post(token_url, json=body, headers=accepted)
                else:
                    response = http.post(token_url, data=body, auth=proof, headers=accepted)
            except (httpx.TransportError, httpx.DecodingError) as trouble:
                problem = type(trouble).__name__
                continue
            if response.status_code >= _SERVER_ERROR or response.status_code == _TOO_MANY:
                problem = f"HTTP {response.status_code}"
                continue
            if response.status_code == _FORBIDDEN and b"LIMIT_EXCEEDED" in response.content:
                raise QuotaExhausted(
                    f"Connection '{connection}': the vendor's quota is used up at the token endpoint; run again later."
                )
            if response.status_code >= _CLIENT_ERROR:
                told = redaction.redact(" ".join(response.text.split())[:200])
                raise AuthenticationRejected(
                    f"Connection '{connection}': the token endpoint refused the credentials (HTTP {response.status_code}: {told}). "
                    "Check client_id, client_secret and consent."
                )
            try:
                tokens = tokens_from_answer(msgspec.json.decode(response.content, type=dict[str, object]), now())
            except (msgspec.DecodeError, KeyError, ValueError):
                raise MalformedReply(
                    f"Connection '{connection}': the token endpoint's answer holds no access token; check token_url."
                ) from None
            redaction.register(tokens.access_token, tokens.refresh_token)
            return tokens
    raise TransientFailure(
        f"Connection '{connection}': the token endpoint could not be reached ({problem}); check token_url and the network."
    )
