from __future__ import annotations

import gzip
import logging
import pickle
import socket
import time
import traceback
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import msgspec
import pytest

from dlt_sources.http import (
    ApiClient,
    AuthenticationRejected,
    BadRequest,
    DeadlineExceeded,
    ErrorReply,
    IncompleteRead,
    MalformedReply,
    NotFound,
    OffOrigin,
    Page,
    PagingLoop,
    PermissionMissing,
    Policy,
    QuotaExhausted,
    RateLimit,
    Reply,
    Request,
    SourceError,
    StaticToken,
    TransientFailure,
    retry_after,
    walk,
)
from dlt_sources.http.limits import Pacer
from tests.http.fault_server import Action, FaultServer, http, reset, say

CANARY = "canary-7f3d9a-secret"
ROWS = b'{"rows":[1,2,3]}'
GOOD = say(http(ROWS))


class Clock:
    """Time that passes when somebody sleeps: retries are instant, their delays are kept."""

    def __init__(self) -> None:
        self.offset = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return time.monotonic() + self.offset

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.offset += seconds


def rows(reply: Reply) -> list[int]:
    try:
        document = msgspec.json.decode(reply.body)
    except msgspec.DecodeError:
        raise MalformedReply("not JSON") from None
    if "error" in document:
        raise ErrorReply("the body is an error")
    if "rows" not in document:
        raise MalformedReply("rows are missing")
    return document["rows"]


def ask(server: FaultServer, clock: Clock | None = None, policy: Policy | None = None, path: str = "things") -> list[int]:
    clock = clock or Clock()
    policy = policy or Policy(read_timeout=0.5, connect_timeout=0.5)
    with ApiClient("books", server.url, StaticToken(CANARY), policy, clock=clock, sleep=clock.sleep) as client:
        return client.send(Request("GET", path), rows)


def hang(connection: socket.socket) -> None:
    time.sleep(0.8)


PACKED = gzip.compress(ROWS)
RECOVERABLE: dict[str, Action] = {
    "throttled": say(http(b"", "429 Too Many Requests", "Retry-After: 2")),
    "server error": say(http(b"", "500 Internal Server Error")),
    "gateway page": say(http(b"<html>502</html>", "502 Bad Gateway")),
    "request timeout": say(http(b"", "408 Request Timeout")),
    "reset": reset,
    "nothing at all": lambda _connection: None,
    "short content length": say(http(ROWS[:5], length=len(ROWS))),
    "truncated chunks": say(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n10\r\n{"rows"'),
    "cut body without length": say(b"HTTP/1.0 200 OK\r\n\r\n" + ROWS[:7]),
    "bad JSON": say(http(b'{"rows":[1,2')),
    "HTML with 200": say(http(b"<html>maintenance</html>")),
    "empty with 200": say(http(b"")),
    "missing selector": say(http(b'{"data":null}')),
    "truncated gzip": say(http(PACKED[:-12], "200 OK", "Content-Encoding: gzip")),
    "gzip without its checksum": say(http(PACKED[:-8], "200 OK", "Content-Encoding: gzip")),
    "gzip with a wrong checksum": say(http(PACKED[:-8] + b"\0\0\0\0" + PACKED[-4:], "200 OK", "Content-Encoding: gzip")),
    "silence": hang,
}


@pytest.mark.parametrize("fault", RECOVERABLE)
def test_a_passing_fault_is_outlived_and_the_rows_are_right(fault: str) -> None:
    with FaultServer([RECOVERABLE[fault], GOOD]) as server:
        assert ask(server) == [1, 2, 3]
        assert len(server.requests) == 2


@pytest.mark.parametrize("fault", RECOVERABLE)
def test_a_lasting_fault_ends_loudly_after_three_retries(fault: str) -> None:
    with FaultServer([RECOVERABLE[fault]]) as server:
        with pytest.raises((TransientFailure, MalformedReply)):
            ask(server)
        assert len(server.requests) == 4


FINAL: dict[str, tuple[Action, type[SourceError]]] = {
    "401": (say(http(b"", "401 Unauthorized")), AuthenticationRejected),
    "403": (say(http(b"", "403 Forbidden")), PermissionMissing),
    "404": (say(http(b"", "404 Not Found")), NotFound),
    "400": (say(http(b"", "400 Bad Request")), BadRequest),
    "error body with 200": (say(http(b'{"error":"no"}')), ErrorReply),
    "redirect": (say(http(b"", "302 Found", "Location: http://127.0.0.1:9/")), OffOrigin),
    "an hour's pause": (say(http(b"", "429 Too Many Requests", "Retry-After: 3600")), QuotaExhausted),
    "an absurd pause": (say(http(b"", "429 Too Many Requests", "Retry-After: " + "9" * 400)), QuotaExhausted),
}


@pytest.mark.parametrize("fault", FINAL)
def test_what_no_retry_mends_is_asked_for_once_and_named(fault: str) -> None:
    action, error = FINAL[fault]
    with FaultServer([action, GOOD]) as server:
        with pytest.raises(error) as raised:
            ask(server)
        assert len(server.requests) == 1
        again = pickle.loads(pickle.dumps(raised.value))
        assert type(again) is error
        assert str(again) == str(raised.value)


def test_a_dripping_body_cannot_outlast_the_deadline() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            connection.sendall(b" ")
            time.sleep(0.05)

    with FaultServer([drip]) as server:
        started = time.monotonic()
        with pytest.raises(DeadlineExceeded):
            ask(server, policy=Policy(read_timeout=1, deadline=0.4))
        assert time.monotonic() - started < 2


def test_an_oversized_body_is_refused() -> None:
    with FaultServer([say(http(b"x" * 5000))]) as server, pytest.raises(BadRequest, match="exceeds 1000 bytes"):
        ask(server, policy=Policy(max_body_bytes=1000))


def test_retry_after_is_obeyed_and_backoff_grows() -> None:
    clock = Clock()
    busy, broken = http(b"", "429 Too Many Requests", "Retry-After: 7.5"), http(b"", "503 Unavailable")
    with FaultServer([say(busy), say(broken), say(broken), GOOD]) as server:
        assert ask(server, clock) == [1, 2, 3]
    assert clock.slept[0] == 7.5
    assert 1 <= clock.slept[1] <= 2
    assert 2 <= clock.slept[2] <= 4


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3.0), ("1.5", 1.5), ("-5", 0.0), ("9" * 400, float("inf")), ("soon", None), ("", None), ("nan", None)],
)
def test_every_form_of_retry_after_is_read(header: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": header}) == seconds


def test_retry_after_may_be_a_date() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert retry_after({"Retry-After": format_datetime(now + timedelta(seconds=90), usegmt=True)}, now) == 90
    assert retry_after({"Retry-After": format_datetime(now - timedelta(seconds=90), usegmt=True)}, now) == 0


def test_no_credential_leaves_the_vendors_origin() -> None:
    with FaultServer([GOOD]) as vendor, FaultServer([GOOD]) as stranger:
        with pytest.raises(OffOrigin, match="nothing was sent"):
            ask(vendor, path=f"{stranger.url}/next")
        assert stranger.requests == []
        assert vendor.requests == []


@pytest.mark.parametrize(
    "url", ["http://api.example.com/", "ftp://127.0.0.1/", "https://user:pass@api.example.com/", "http://169.254.169.254/"]
)
def test_unsafe_base_addresses_are_refused(url: str) -> None:
    with pytest.raises(OffOrigin):
        ApiClient("books", url, StaticToken(CANARY), Policy())


@pytest.mark.parametrize("fault", [*RECOVERABLE, *FINAL])
def test_no_failure_speaks_the_secret(fault: str, caplog: pytest.LogCaptureFixture) -> None:
    action = RECOVERABLE.get(fault) or FINAL[fault][0]
    with FaultServer([action]) as server, caplog.at_level(logging.DEBUG), pytest.raises(SourceError) as raised:
        ask(server, path=f"things?api_key={CANARY}", policy=Policy(retries=0, read_timeout=0.2))
    told = "".join(traceback.format_exception(raised.value)) + repr(raised.value) + caplog.text + repr(pickle.dumps(raised.value))
    assert CANARY not in told


def test_calls_keep_within_every_limit() -> None:
    clock = Clock()
    pacer = Pacer([RateLimit(2, 1.0), RateLimit(5, 60.0)], clock=lambda: clock.offset, sleep=clock.sleep)
    starts = []
    for _ in range(6):
        pacer.wait()
        starts.append(clock.offset)
    assert starts == [0, 0, 1, 1, 2, 60]


def listing(pages: list[tuple[bytes, str | None]], total: int | None = None) -> list[int]:
    """Walk pages of one row each; the next link of page i is given."""
    by_url = {f"page/{number}": page for number, page in enumerate(pages)}

    def fetch(request: Request) -> Page[int]:
        body, following = by_url[request.url]
        reply = Reply(200, {}, body, request.url, datetime.now(UTC))
        return Page(int(body), reply, Request("GET", following) if following else None, 1, total)

    return [page.content for page in walk(Request("GET", "page/0"), fetch, max_pages=10)]


def test_pages_are_walked_to_the_end() -> None:
    assert listing([(b"1", "page/1"), (b"2", "page/2"), (b"3", None)], total=3) == [1, 2, 3]


def test_a_link_back_to_a_page_already_read_stops_the_walk() -> None:
    with pytest.raises(PagingLoop, match="do not end"):
        listing([(b"1", "page/1"), (b"2", "page/0")])


def test_the_same_bytes_under_new_links_stop_the_walk() -> None:
    with pytest.raises(PagingLoop, match="same bytes"):
        listing([(b"1", "page/1"), (b"1", "page/2"), (b"3", None)])


def test_fewer_rows_than_announced_are_an_error() -> None:
    with pytest.raises(IncompleteRead, match="announced 5 rows, but 2 arrived"):
        listing([(b"1", "page/1"), (b"2", None)], total=5)


def test_a_throttled_call_without_a_time_waits_as_long_as_the_vendors_policy_says() -> None:
    clock, policy = Clock(), Policy(read_timeout=0.5, throttle_pause=60.0)
    with FaultServer(
        [say(http(b"", "429 Too Many Requests")), say(http(b"", "429 Too Many Requests", "Retry-After: 2")), GOOD]
    ) as server:
        assert ask(server, clock, policy) == [1, 2, 3]
    assert clock.slept == [60.0, 2.0], "what the vendor says goes first"


def test_an_error_tells_the_vendors_own_id_and_code_of_the_call() -> None:
    refused = http(
        b'{"Fault":{"Error":[{"code":"4000"}]},"redirect":"https://x/?code=grant-8f2e"}', "400 Bad Request", "intuit_tid: 1-5f2b"
    )
    with FaultServer([say(refused)]) as server, pytest.raises(BadRequest) as failure:
        ask(server, policy=Policy(trace_header="Intuit_Tid"))
    assert "1-5f2b" in str(failure.value)
    assert '"code":"4000"' in str(failure.value)
    assert "grant-8f2e" not in str(failure.value)


def test_clients_that_share_a_pacer_keep_the_limits_together() -> None:
    clock = Clock()
    pacer = Pacer((RateLimit(2, 10.0),), clock=clock, sleep=clock.sleep)
    with FaultServer([GOOD]) as server:
        for _ in range(3):
            with ApiClient(
                "books", server.url, StaticToken(CANARY), Policy(), pacer=pacer, clock=clock, sleep=clock.sleep
            ) as client:
                client.send(Request("GET", "things"), rows)
    assert len(clock.slept) == 1
    assert clock.slept[0] == pytest.approx(10.0, abs=1.0)
