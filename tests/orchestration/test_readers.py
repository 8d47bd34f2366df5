"""Connections read side by side, each in a process of its own: what comes back, and what is left when a process or a run ends early."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from finance_hub import ingestion, settings, warehouse
from finance_hub.readers import Readers
from finance_hub.settings import Settings
from sandbox.server import RunningSandbox
from tests.conftest import connect


@pytest.fixture
def home(group: RunningSandbox, tmp_path: Path) -> Path:
    return connect(tmp_path, group.url, currency="USD", as_of="2026-06-30", only={"ecb"})


def prepared(home: Path) -> Settings:
    found = settings.load(home, {})
    warehouse.prepare(found)
    return found


@pytest.fixture
def hanging(home: Path) -> Iterator[Settings]:
    """The home, connected to somebody who takes calls and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        toml = home / "hub.toml"
        toml.write_text(re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{server.getsockname()[1]}", toml.read_text()))
        yield prepared(home)


def eventually(condition: Callable[[], bool]) -> bool:
    give_up_at = time.monotonic() + 30
    while not condition():
        if time.monotonic() > give_up_at:
            return False
        time.sleep(0.05)
    return True


def reading() -> list[multiprocessing.process.BaseProcess]:
    return [child for child in multiprocessing.active_children() if "ForkServerProcess" in type(child).__name__]


def test_what_was_read_is_ready_to_be_loaded_and_asked_for_again_it_is_read_again(home: Path) -> None:
    found = prepared(home)
    with Readers(found, ["rates"]) as readers:
        first = readers.staged(found, found.connections["rates"])
        assert ingestion.load(found, first).total > 1000
        assert ingestion.load(found, readers.staged(found, found.connections["rates"])).total == 0, "nothing is new"
    assert reading() == []


def test_a_vendor_that_cannot_be_reached_is_told_as_what_may_pass(home: Path) -> None:
    toml = home / "hub.toml"
    toml.write_text(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:1", toml.read_text()))
    found = prepared(home)
    with Readers(found, ["rates"]) as readers:
        staged = readers.staged(found, found.connections["rates"])
    assert "rates" in staged.problem
    assert staged.may_pass
    assert staged.folder == ""


def test_a_reader_that_is_killed_is_a_failure_and_not_an_empty_source(hanging: Settings) -> None:
    with Readers(hanging, ["rates"]) as readers:
        assert eventually(lambda: len(reading()) == 1)
        os.kill(reading()[0].pid or 0, signal.SIGKILL)
        staged = readers.staged(hanging, hanging.connections["rates"])
    assert staged.problem == "The process that read rates ended before its work was done (exit code -9)."


def test_a_run_that_ends_early_leaves_no_reader_behind(hanging: Settings) -> None:
    with Readers(hanging, ["rates"]):
        assert eventually(lambda: len(reading()) == 1)
    assert reading() == []
