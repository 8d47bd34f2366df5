"""Who may call: OAuth 2.0 client credentials with a signed assertion, and OAuth 1.0a token-based authentication.

Assertions and signatures are judged by the real clock, since callers sign with theirs; access tokens die by the sandbox's clock.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

ACCOUNT = "1234567_SB1"
CLIENT_ID = "sandbox-client"
CERTIFICATE_ID = "sandbox-certificate"
CONSUMER_KEY, CONSUMER_SECRET = "sandbox-consumer", "sandbox-consumer-secret"
TOKEN_ID, TOKEN_SECRET = "sandbox-token", "sandbox-token-secret"
ALGORITHMS = ("PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
ACCESS_SECONDS = 3600
_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LONGEST_ASSERTION = 3600
_SCOPES = {"restlets", "rest_webservices", "suite_analytics"}
_CLOCK_SECONDS = 300
_SHORTEST_NONCE = 6


PublicKey = rsa.RSAPublicKey | ec.EllipticCurvePublicKey


def new_key() -> tuple[str, PublicKey]:
    """A private key as PEM, made for this run only, and the public key to register for it."""
    key = ec.generate_private_key(ec.SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(), key.public_key()


@dataclass
class Access:
    """The account's integrations: certificates by their id, access tokens that live, nonces and assertions used once."""

    now: Callable[[], datetime]
    certificates: Mapping[str, PublicKey]
    _tokens: dict[str, datetime] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)
    _signer: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    async def token(self, request: Request) -> Response:
        """``POST /services/rest/auth/oauth2/v1/token``."""
        form = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        if form.get("grant_type") != "client_credentials":
            return JSONResponse({"error": "unsupported_grant_type" if form.get("grant_type") else "invalid_request"}, 400)
        if form.get("client_assertion_type") != _ASSERTION_TYPE or not form.get("client_assertion"):
            return JSONResponse({"error": "invalid_request"}, 400)
        error = self._problem(form["client_assertion"], str(request.url.replace(query="")))
        if error:
            return JSONResponse({"error": error}, 400)
        born = self.now()
        claims: dict[str, object] = {
            "sub": "3;42",
            "aud": ["sandbox", CLIENT_ID],
            "scope": ["rest_webservices"],
            "iss": "sandbox",
            "jti": secrets.token_hex(8),
        }
        claims |= {"iat": int(born.timestamp()), "exp": int(born.timestamp()) + ACCESS_SECONDS}
        token = jwt.encode(claims, self._signer, algorithm="ES256", headers={"kid": "s.SYSTEM.2026"})
        self._tokens[token] = born + timedelta(seconds=ACCESS_SECONDS)
        return JSONResponse({"access_token": token, "expires_in": ACCESS_SECONDS, "token_type": "Bearer"})

    def keys(self, _request: Request) -> Response:
        """``GET /services/rest/auth/oauth2/v1/keys``: what access tokens are signed with."""
        key = jwt.algorithms.ECAlgorithm.to_jwk(self._signer.public_key(), as_dict=True)
        return JSONResponse({"keys": [{**key, "kid": "s.SYSTEM.2026", "alg": "ES256", "use": "sig"}]})

    def allows(self, request: Request) -> bool:
        """Whether a call carries a living access token or a good signature."""
        given = request.headers.get("authorization", "")
        if given.startswith("Bearer "):
            token = given.removeprefix("Bearer ")
            return token in self._tokens and self.now() < self._tokens[token]
        return given.startswith("OAuth ") and not self.signature_problem(request.method, str(request.url), given)

    def _problem(self, assertion: str, audience: str) -> str:
        """The OAuth error of an assertion; empty for a good one."""
        try:
            header = jwt.get_unverified_header(assertion)
            key = self.certificates.get(header.get("kid", ""))
            if key is None or header.get("typ") != "JWT" or header.get("alg") not in ALGORITHMS:
                return "invalid_grant"
            claims = jwt.decode(
                assertion,
                key,
                algorithms=[header["alg"]],
                audience=audience,
                options={"require": ["iss", "aud", "iat", "exp", "scope"]},
            )
        except (jwt.PyJWTError, TypeError, ValueError):
            return "invalid_grant"
        scope = claims["scope"] if isinstance(claims["scope"], list) else str(claims["scope"]).replace(",", " ").split()
        if claims["iss"] != CLIENT_ID:
            return "invalid_client"
        if claims["exp"] - claims["iat"] > _LONGEST_ASSERTION or not set(scope) <= _SCOPES or "rest_webservices" not in scope:
            return "invalid_grant"
        return (
            "" if self._first_use(f"jwt {claims.get('jti') or hashlib.sha256(assertion.encode()).hexdigest()}") else "invalid_grant"
        )

    def _first_use(self, mark: str) -> bool:
        if mark in self._used:
            return False
        self._used.add(mark)
        return True

    def signature_problem(self, method: str, url: str, header: str) -> str:
        """NetSuite's name of what is wrong with an OAuth 1.0a header; empty for a good one.

        Every ``oauth_*`` parameter but the signature is signed, whatever else a library sends; so are those of the URL, not the realm.
        """
        given: dict[str, str] = {}
        for part in header.removeprefix("OAuth ").split(","):
            name, _, value = part.strip().partition("=")
            given[name] = unquote(value.strip('"'))
        signature = given.pop("oauth_signature", "")
        if given.pop("realm", "") != ACCOUNT:
            return "permission_denied"
        if given.get("oauth_consumer_key") != CONSUMER_KEY:
            return "consumer_key_unknown"
        if given.get("oauth_token") != TOKEN_ID:
            return "token_rejected"
        if given.get("oauth_version", "1.0") != "1.0":
            return "VersionRejected"
        if given.get("oauth_signature_method") != "HMAC-SHA256":
            return "InvalidSignature"
        stamp = given.get("oauth_timestamp", "")
        if not stamp.isdigit() or abs(int(stamp) - datetime.now(UTC).timestamp()) > _CLOCK_SECONDS:
            return "InvalidTimestamp"
        parts = urlsplit(url)
        signed = sorted(
            (_encoded(name), _encoded(value)) for name, value in [*parse_qsl(parts.query, keep_blank_values=True), *given.items()]
        )
        base = "&".join(
            [
                method.upper(),
                _encoded(urlunsplit((parts.scheme, parts.netloc.lower(), parts.path, "", ""))),
                _encoded("&".join(f"{name}={value}" for name, value in signed)),
            ]
        )
        key = f"{_encoded(CONSUMER_SECRET)}&{_encoded(TOKEN_SECRET)}".encode()
        wanted = base64.b64encode(hmac.new(key, base.encode(), hashlib.sha256).digest()).decode()
        if not hmac.compare_digest(wanted, signature):
            return "InvalidSignature"
        nonce = given.get("oauth_nonce", "")
        return "" if len(nonce) >= _SHORTEST_NONCE and self._first_use(f"nonce {stamp} {nonce}") else "nonce_used"


def _encoded(text: str) -> str:
    return quote(text, safe="-._~")
