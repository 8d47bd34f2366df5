"""Every message arrives once, whatever is killed and whenever: real processes, real signals, a real receiver."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from finance_hub import settings
from finance_hub.alerts import Finding, Outbox, deliver, start_sender

START = "import sys, time; from pathlib import Path; from finance_hub.alerts import start_sender; start_sender(Path(sys.argv[1])); print('started', flush=True); time.sleep(60)"
OBSERVE = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from finance_hub import settings
from finance_hub.alerts import Finding, Outbox
found = settings.load(Path(sys.argv[1]))
findings = [Finding(f"rule|{n}", True, datetime(2026, 6, 30, tzinfo=UTC), f"title {n}") for n in range(200)]
print("ready", flush=True)
for n in range(200):
    Outbox(found.home).observe(findings[: n + 1], found.alerting)
"""


class Receiver:
    """A webhook that counts messages by their key; ``delay`` is how long it takes to answer, ``refuse`` how many it turns away."""

    def __init__(self) -> None:
        self.seen: Counter[str] = Counter()
        self.titles: list[str] = []
        self.bodies: list[str] = []
        self.delay = 0.0
        self.refuse = 0
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if receiver.refuse:
                    receiver.refuse -= 1
                    self.send_error(503)
                    return
                receiver.seen[self.headers["Idempotency-Key"]] += 1
                receiver.titles.append(body["title"])
                receiver.bodies.append(body["message"])
                time.sleep(receiver.delay)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_arguments: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"json://127.0.0.1:{self.server.server_address[1]}/hook"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()


@pytest.fixture
def home(receiver: Receiver, tmp_path: Path) -> Path:
    (tmp_path / "hub.toml").write_text(f'[alerts]\ntargets = ["{receiver.address}"]\n')
    return tmp_path


def open_incidents(home: Path, count: int) -> set[str]:
    """Make ``count`` messages wait; returns their keys."""
    found = settings.load(home)
    moment = datetime(2026, 6, 30, tzinfo=UTC)
    Outbox(home).observe([Finding(f"rule|{n}", True, moment, f"title {n}", f"title {n}") for n in range(count)], found.alerting)
    return {f"{n + 1}-opened" for n in range(count)}


def wait_until_delivered(home: Path) -> None:
    deadline = time.monotonic() + 60
    while any(incident.undelivered for incident in Outbox(home).incidents()):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_messages_tell_what_and_go_out_once(home: Path, receiver: Receiver) -> None:
    keys = open_incidents(home, 3)
    assert deliver(settings.load(home)) == (3, 0)
    assert deliver(settings.load(home)) == (0, 0)
    assert receiver.seen == dict.fromkeys(keys, 1)
    assert sorted(receiver.titles) == ["title 0", "title 1", "title 2"]


def test_a_target_that_refuses_gets_the_message_later(home: Path, receiver: Receiver) -> None:
    keys = open_incidents(home, 2)
    receiver.refuse = 1
    assert deliver(settings.load(home)) == (1, 1)
    assert sum(incident.undelivered for incident in Outbox(home).incidents()) == 1
    assert len(receiver.seen) == 1
    assert set(receiver.seen) < keys


def test_warnings_of_a_digest_arrive_as_one_message_that_names_them_all(home: Path, receiver: Receiver) -> None:
    due = (datetime.now(UTC) + timedelta(seconds=2)).time().isoformat()
    with (home / "hub.toml").open("a") as file:
        file.write(f'digest_at = "{due}"\n')
    open_incidents(home, 3)
    assert deliver(settings.load(home)) == (0, 0), "the digest is not due yet"
    deadline = time.monotonic() + 30
    while deliver(settings.load(home)) == (0, 0):
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert receiver.titles == ["3 alerts"]
    assert list(receiver.seen.values()) == [1]
    assert all(f"title {n}" in receiver.bodies[0] for n in range(3))
    assert deliver(settings.load(home)) == (0, 0)


def test_whoever_started_the_sender_may_be_killed_at_any_moment(home: Path, receiver: Receiver) -> None:
    """The receiver takes its time to answer, so that kills fall into deliveries."""
    receiver.delay = 0.4
    keys = open_incidents(home, 4)
    for _ in range(3):
        starter = subprocess.Popen([sys.executable, "-c", START, str(home)], stdout=subprocess.PIPE, text=True)
        assert starter.stdout is not None
        assert starter.stdout.readline() == "started\n"
        time.sleep(0.8)
        starter.kill()
        starter.wait()
    wait_until_delivered(home)
    assert receiver.seen == dict.fromkeys(keys, 1)


def test_a_killed_sender_loses_nothing_and_repeats_only_under_the_same_key(home: Path, receiver: Receiver) -> None:
    receiver.delay = 0.05
    keys = open_incidents(home, 30)
    chance = random.Random(1)
    kills = 0
    while kills < 6:
        sender = start_sender(home)
        time.sleep(1.2 + chance.random() * 0.8)
        if sender.poll() is None:
            os.kill(sender.pid, signal.SIGKILL)
            kills += 1
        elif not any(incident.undelivered for incident in Outbox(home).incidents()):
            break
        sender.wait()
    start_sender(home).wait()
    wait_until_delivered(home)
    assert set(receiver.seen) == keys, "whoever knows messages by their key got each once"
    assert sum(receiver.seen.values()) - len(keys) <= kills


def test_two_senders_do_not_tell_twice(home: Path, receiver: Receiver) -> None:
    receiver.delay = 0.05
    keys = open_incidents(home, 10)
    for sender in [start_sender(home) for _ in range(3)]:
        sender.wait()
    wait_until_delivered(home)
    assert receiver.seen == dict.fromkeys(keys, 1)


def test_whoever_observes_may_be_killed_at_any_moment(home: Path, receiver: Receiver) -> None:
    chance = random.Random(2)
    for _ in range(4):
        observer = subprocess.Popen([sys.executable, "-c", OBSERVE, str(home)], stdout=subprocess.PIPE, text=True)
        assert observer.stdout is not None
        assert observer.stdout.readline() == "ready\n"
        time.sleep(chance.random() * 0.6)
        observer.kill()
        observer.wait()
    subprocess.run([sys.executable, "-c", OBSERVE, str(home)], check=True, capture_output=True)
    incidents = Outbox(home).incidents()
    assert len(incidents) == 200
    assert {incident.undelivered for incident in incidents} == {1}
