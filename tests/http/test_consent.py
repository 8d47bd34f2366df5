"""The first consent, against the emulator's own consent page and token endpoint, with the command as a person runs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from dlt_sources.http import Application, AuthenticationRejected, ask
from finance_hub import ingestion, settings, warehouse
from sandbox.server import RunningSandbox
from tests.conftest import connect

HUB = str(Path(sys.executable).parent / "finance-hub")


def test_consent_is_asked_for_kept_and_used(sandbox: RunningSandbox, tmp_path: Path) -> None:
    home = connect(tmp_path, sandbox.url)
    toml = home / "hub.toml"
    lines = [line for line in toml.read_text().splitlines() if not line.startswith("refresh_token")]
    lines.append(f'authorize_url = "{sandbox.url}/xero/identity/connect/authorize"')
    toml.write_text("\n".join(lines) + "\n")
    asking = subprocess.Popen(
        [HUB, "connections", "authorize", "books", "--home", str(home), "--port", "0", "--no-browser"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert asking.stdout is not None
    address = next(line.strip() for line in asking.stdout if "code_challenge=" in line)
    assert "code_challenge_method=S256" in address
    assert "sandbox-secret" not in address
    page = httpx.get(address, follow_redirects=True)
    assert "Consent was given" in page.text
    assert "Consent is kept" in asking.stdout.read()
    assert asking.wait() == 0

    found = settings.load(home)
    connection = ingestion.open_connection(found, found.connections["books"])
    tokens = connection.tokens.current("books")
    assert tokens is not None
    assert tokens.refresh_token
    assert all(tokens.refresh_token.encode() not in path.read_bytes() for path in (home / "tokens").iterdir() if path.is_file())
    warehouse.prepare(found)
    assert ingestion.load(found, ingestion.extract(found, found.connections["books"])).rows["journals"] > 0


def _answer(address: str, **answer: str) -> httpx.Response:
    """What a browser would bring back, to the page that waits."""
    wanted = httpx.URL(address).params
    return httpx.get(wanted["redirect_uri"].replace("localhost", "127.0.0.1"), params=answer)


def test_another_answer_than_the_one_asked_for_is_none(sandbox: RunningSandbox) -> None:
    application = Application("https://login.example/authorize", f"{sandbox.url}/xero/identity/connect/token", "me", "hush", "read")
    replies = []

    def show(address: str) -> None:
        replies.append(_answer(address, code="stolen", state="guessed"))

    with pytest.raises(AuthenticationRejected, match="no consent came"):
        ask("books", application, port=0, show=show, wait_seconds=0.2)
    assert replies[0].status_code == 404


def test_a_refusal_is_told_in_the_vendors_words() -> None:
    application = Application("https://login.example/authorize", "http://127.0.0.1:1/token", "me", "hush", "read")

    def show(address: str) -> None:
        _answer(address, error="access_denied", state=httpx.URL(address).params["state"])

    with pytest.raises(AuthenticationRejected, match="access_denied"):
        ask("books", application, port=0, show=show, wait_seconds=5)
