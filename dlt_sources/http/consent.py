"""The first consent of a person: authorization code with PKCE (RFC 7636) and a redirect to this machine (RFC 8252).

The vendor's page opens in the browser; when the person has consented, the vendor sends the browser to a page that is served here,
once, on loopback, with a code that only whoever began this can exchange for tokens.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

from dlt_sources.http.auth import OAuth2, request_tokens
from dlt_sources.http.errors import AuthenticationRejected
from dlt_sources.http.tokens import TokenSet, TokenStore

_PATH = "/callback"
_WAIT_SECONDS = 300.0
_DONE = b"<!doctype html><title>Done</title><p>Consent was given. You may close this page.</p>"
_REFUSED = b"<!doctype html><title>Not done</title><p>No consent was given. The terminal says why.</p>"


@dataclass(frozen=True)
class Application:
    """What a vendor must know of an application that asks for consent."""

    authorize_url: str
    token_url: str
    client_id: str
    client_secret: str = field(repr=False)
    scope: str
    first_refresh_token: str | None = field(default=None, repr=False)
    client_in_form: bool = False
    expects: Mapping[str, str] = field(default_factory=dict)
    """What the vendor's answer must say besides the code, by the answer's name: ``{"realmId": "123"}``."""
    token_headers: Mapping[str, str] = field(default_factory=dict)

    def auth(
        self, connection: str, tokens: TokenStore, *, scope: str | None = None, extra: Mapping[str, str] | None = None
    ) -> OAuth2:
        """What a connection of this application signs its calls with; ``scope`` and ``extra`` are those of :class:`OAuth2`."""
        return OAuth2(
            connection,
            tokens,
            token_url=self.token_url,
            client_id=self.client_id,
            client_secret=self.client_secret,
            first_refresh_token=self.first_refresh_token,
            scope=scope,
            extra=extra,
            client_in_form=self.client_in_form,
            token_headers=self.token_headers,
        )


def redirect_address(port: int) -> str:
    """The address to register with the vendor's application."""
    return f"http://localhost:{port}{_PATH}"


def ask(
    connection: str, application: Application, *, port: int, show: Callable[[str], None], wait_seconds: float = _WAIT_SECONDS
) -> TokenSet:
    """Ask for consent and return the tokens; ``show`` gets the address of the vendor's page.

    Raises :class:`AuthenticationRejected` where consent is refused, does not come in time, or was not begun here.
    """
    verifier, state = secrets.token_urlsafe(64), secrets.token_urlsafe(24)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    answers: list[dict[str, str]] = []
    arrived = threading.Event()

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            answer = {name: values[0] for name, values in parse_qs(address.query).items()}
            # Whoever else finds this page cannot know the state: another answer than ours is none.
            if address.path != _PATH or not hmac.compare_digest(answer.get("state", ""), state):
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(_DONE if "code" in answer else _REFUSED)
            answers.append(answer)
            arrived.set()

        def log_message(self, *_arguments: object) -> None:
            """The code stands in the address: nothing is logged."""

    server = HTTPServer(("127.0.0.1", port), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        redirect = redirect_address(server.server_address[1])
        wanted = {
            "response_type": "code",
            "client_id": application.client_id,
            "redirect_uri": redirect,
            "scope": application.scope,
            "state": state,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        show(f"{application.authorize_url}?{urlencode(wanted)}")
        if not arrived.wait(wait_seconds):
            raise AuthenticationRejected(f"Connection '{connection}': no consent came within {wait_seconds:.0f} s; begin again.")
    finally:
        server.shutdown()
        server.server_close()
    if "code" not in answers[0]:
        raise AuthenticationRejected(f"Connection '{connection}': the vendor says '{answers[0].get('error', 'no code')}'.")
    for name, expected in application.expects.items():
        told = answers[0].get(name, "")
        if told != expected:
            raise AuthenticationRejected(
                f"Connection '{connection}': consent was given for {name} '{told}', and the settings say '{expected}': "
                "correct the settings, or choose the other one on the vendor's page."
            )
    form = {"grant_type": "authorization_code", "code": answers[0]["code"], "redirect_uri": redirect, "code_verifier": verifier}
    client = (application.client_id, application.client_secret)
    return request_tokens(
        connection,
        application.token_url,
        form,
        client,
        client_in_form=application.client_in_form,
        headers=application.token_headers,
        attempts=1,
    )
