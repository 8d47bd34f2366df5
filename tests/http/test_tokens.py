from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import msgspec
import pytest

from dlt_sources.http import OAuth2, ReauthorizationRequired, SourceError, TokenSet, TokenStore, load_key

KEY = bytes(range(32))


class Vendor(ThreadingHTTPServer):
    """A token endpoint with single-use refresh tokens; ``grace`` accepts the one before the newest too."""

    def __init__(self, *, grace: bool) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.grace = grace
        self.generation = 0
        self.calls = 0
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/token"


class Handler(BaseHTTPRequestHandler):
    server: Vendor

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        with self.server.lock:
            self.server.calls += 1
            newest = self.server.generation
            accepted = {f"refresh-{newest}"} | ({f"refresh-{newest - 1}"} if self.server.grace else set())
            good = form["grant_type"] == ["client_credentials"] or form.get("refresh_token", [""])[0] in accepted
            if good:
                self.server.generation += 1
            number = self.server.generation
        answer: dict[str, object] = {"error": "invalid_grant"}
        if good:
            answer = {
                "access_token": f"access-{number}",
                "refresh_token": f"refresh-{number}",
                "expires_in": 1800,
                "token_type": "Bearer",
            }
        body = msgspec.json.encode(answer)
        self.send_response(200 if good else 400)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def vendor(*, grace: bool = True) -> Iterator[Vendor]:
    server = Vendor(grace=grace)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def auth(folder: Path, url: str, now: datetime | None = None, first: str | None = "refresh-0") -> OAuth2:
    clock = (lambda: now) if now else (lambda: datetime.now(UTC))
    store = TokenStore(folder, KEY)
    return OAuth2(
        "books", store, token_url=url, client_id="id", client_secret="client-secret-1", first_refresh_token=first, now=clock
    )


def bearer(subject: OAuth2) -> str:
    return subject.headers("GET", "")["Authorization"]


def test_the_first_call_exchanges_the_refresh_token_and_the_next_reuse_it(tmp_path: Path) -> None:
    with vendor() as server:
        assert bearer(auth(tmp_path, server.url)) == "Bearer access-1"
        assert bearer(auth(tmp_path, server.url)) == "Bearer access-1"
        assert server.calls == 1


def test_client_credentials_need_no_refresh_token(tmp_path: Path) -> None:
    with vendor() as server:
        assert bearer(auth(tmp_path, server.url, first=None)) == "Bearer access-1"


def test_a_token_is_renewed_after_four_fifths_of_its_life(tmp_path: Path) -> None:
    start = datetime.now(UTC)
    with vendor() as server:
        assert bearer(auth(tmp_path, server.url, start)) == "Bearer access-1"
        assert bearer(auth(tmp_path, server.url, start + timedelta(seconds=1439))) == "Bearer access-1"
        assert bearer(auth(tmp_path, server.url, start + timedelta(seconds=1441))) == "Bearer access-2"


def test_a_refused_token_is_renewed_once_whatever_its_clock_says(tmp_path: Path) -> None:
    with vendor() as server:
        subject = auth(tmp_path, server.url)
        assert bearer(subject) == "Bearer access-1"
        assert subject.rejected()
        assert bearer(subject) == "Bearer access-2"
        assert bearer(subject) == "Bearer access-2"


def test_a_dead_refresh_token_asks_for_consent_and_stops_calling(tmp_path: Path) -> None:
    with vendor(grace=False) as server:
        for _ in range(3):
            with pytest.raises(ReauthorizationRequired, match="connections authorize books"):
                bearer(auth(tmp_path, server.url, first="stolen-refresh"))
        assert server.calls == 1
        assert bearer(auth(tmp_path, server.url, first="refresh-0")) == "Bearer access-1", "a new refresh token starts anew"


def test_when_a_consent_ends_is_kept_across_refreshes_that_do_not_tell(tmp_path: Path) -> None:
    ends = datetime.now(UTC) + timedelta(days=30)
    TokenStore(tmp_path, KEY).save(
        "books",
        TokenSet(
            access_token="access-0",
            refresh_token="refresh-0",
            issued_at=ends - timedelta(days=31),
            expires_at=ends - timedelta(days=30),
            consent_expires_at=ends,
        ),
        first_refresh_token="refresh-0",
    )
    with vendor() as server:
        assert bearer(auth(tmp_path, server.url)) == "Bearer access-1"
    kept = TokenStore(tmp_path, KEY).current("books")
    assert kept is not None
    assert kept.consent_expires_at == ends


def fetch(folder: Path, url: str, answers: multiprocessing.Queue[str]) -> None:
    answers.put(bearer(auth(folder, url)))


def test_processes_that_refresh_at_once_make_one_call(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    answers = context.Queue()
    with vendor(grace=False) as server:
        workers = [context.Process(target=fetch, args=(tmp_path, server.url, answers)) for _ in range(6)]
        for worker in workers:
            worker.start()
        told = {answers.get(timeout=20) for _ in workers}
        for worker in workers:
            worker.join()
        assert told == {"Bearer access-1"}
        assert server.calls == 1


def die_before_saving(folder: Path, url: str) -> None:
    subject = auth(folder, url)
    renew = subject._renew

    def renewed(refresh_token: str | None) -> object:
        renew(refresh_token)
        os.kill(os.getpid(), signal.SIGKILL)

    subject._renew = renewed  # type: ignore[assignment,method-assign]
    bearer(subject)


@pytest.mark.parametrize("grace", [True, False])
def test_a_kill_between_answer_and_save_heals_within_the_vendors_grace_and_is_told_without(tmp_path: Path, grace: bool) -> None:
    context = multiprocessing.get_context("fork")
    with vendor(grace=grace) as server:
        worker = context.Process(target=die_before_saving, args=(tmp_path, server.url))
        worker.start()
        worker.join()
        assert worker.exitcode == -signal.SIGKILL
        if grace:
            assert bearer(auth(tmp_path, server.url)) == "Bearer access-2"
        else:
            with pytest.raises(ReauthorizationRequired):
                bearer(auth(tmp_path, server.url))


def test_tokens_are_unreadable_on_disk_and_only_for_their_owner(tmp_path: Path) -> None:
    with vendor() as server:
        bearer(auth(tmp_path / "tokens", server.url))
    stored = [path for path in (tmp_path / "tokens").iterdir() if path.suffix == ".tokens"]
    assert len(stored) == 1
    assert b"access-1" not in stored[0].read_bytes()
    assert stored[0].stat().st_mode & 0o077 == 0
    with pytest.raises(SourceError, match="cannot be read with the present key"):
        TokenStore(tmp_path / "tokens", bytes(32)).current("books")


def test_tokens_of_one_connection_cannot_be_passed_off_as_anothers(tmp_path: Path) -> None:
    with vendor() as server:
        bearer(auth(tmp_path, server.url))
    (tmp_path / "books.tokens").rename(tmp_path / "other.tokens")
    with pytest.raises(SourceError, match="'other' cannot be read"):
        TokenStore(tmp_path, KEY).current("other")


def test_all_who_ask_at_once_for_a_key_that_is_not_there_get_the_same(tmp_path: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        for number in range(40):
            assert len(set(pool.map(load_key, [tmp_path / f"key{number}"] * 16))) == 1
    assert len(list(tmp_path.iterdir())) == 40


def test_a_key_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key"
    key = load_key(path)
    assert load_key(path) == key
    path.chmod(0o644)
    with pytest.raises(SourceError, match="chmod 600"):
        load_key(path)


def test_nothing_that_is_printed_holds_a_token(tmp_path: Path) -> None:
    with vendor() as server:
        subject = auth(tmp_path, server.url)
        bearer(subject)
        store = TokenStore(tmp_path, KEY)
        shown = repr(subject) + repr(store) + repr(store.current("books"))
    assert "access-1" not in shown
    assert "refresh" not in shown.replace("refresh_token", "")
