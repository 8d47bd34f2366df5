"""Killed at random moments and at every named point, the next run makes everything right, with no hand work."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import httpx
import pytest

from finance_hub import publish, settings, warehouse
from sandbox.server import RunningSandbox, Shown
from tests.conftest import connect
from tests.faults.killed import POINTS

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(1200)]
SCRIPT = str(Path(__file__).with_name("killed.py"))
ROOT = Path(__file__).parents[2]


def run_piece(home: Path, piece: str, *point: str, kill_after: float | None = None) -> int:
    """Run a piece in a process of its own, killed after some seconds if asked; returns its exit code."""
    process = subprocess.Popen([sys.executable, SCRIPT, str(home), piece, *point], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    if kill_after is not None:
        time.sleep(kill_after)
        process.kill()
    return process.wait()


def content(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every raw row of a completed load, without what differs by run."""
    with warehouse.reading(path) as database:
        names = database.execute("""
            select table_name from information_schema.tables where table_schema = 'xero' and table_name not like '\\_dlt%' escape '\\'
              and table_name not in ('extraction', 'quarantine')
        """).fetchall()
        loaded = "_dlt_load_id in (select load_id from xero._dlt_loads where status = 0)"
        return {
            name: database.execute(
                f'select * exclude (_dlt_load_id, _page_id) from xero."{name}" where {loaded} order by all'
            ).fetchall()
            for (name,) in names
        }


@pytest.fixture(scope="module")
def served(books: Path) -> Iterator[RunningSandbox]:
    with RunningSandbox(Shown(books=books, limits=False)) as running:
        yield running


def prepared(home: Path, served: RunningSandbox) -> Path:
    connect(home, served.url)
    toml = home / "hub.toml"  # an application of its own: each home would use up the consent of the others
    toml.write_text("".join(line for line in toml.open() if not line.startswith("refresh_token")))
    warehouse.prepare(settings.load(home))
    return home


@pytest.fixture(scope="module")
def undisturbed(served: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[tuple[object, ...]]]:
    """What an extraction that nobody kills loads."""
    home = prepared(tmp_path_factory.mktemp("undisturbed"), served)
    assert run_piece(home, "load") == 0
    return content(settings.load(home).warehouse)


@pytest.mark.parametrize("point", [point for point in POINTS if "snapshot" not in point])
def test_a_kill_at_a_named_point_of_extract_or_load(
    point: str, served: RunningSandbox, undisturbed: dict[str, list[tuple[object, ...]]], tmp_path: Path
) -> None:
    home = prepared(tmp_path, served)
    assert run_piece(home, "load", point) == -signal.SIGKILL
    assert run_piece(home, "load") == 0
    assert content(settings.load(home).warehouse) == undisturbed


def test_kills_at_random_moments_of_extract_and_load(
    served: RunningSandbox, undisturbed: dict[str, list[tuple[object, ...]]], tmp_path: Path
) -> None:
    home = prepared(tmp_path, served)
    chance = random.Random(20)
    kills = sum(run_piece(home, "load", kill_after=chance.random() * 3) == -signal.SIGKILL for _ in range(20))
    assert kills >= 5
    assert run_piece(home, "load") == 0
    assert content(settings.load(home).warehouse) == undisturbed


STATEMENT = "select entity_id, period_month, account_code, amount_func, amount_rpt from trial_balance order by all"


def served_statement(home: Path) -> list[tuple[object, ...]]:
    with duckdb.connect(str(publish.current(home)), read_only=True) as snapshot:
        return snapshot.execute(STATEMENT).fetchall()


@pytest.mark.timeout(2400)
def test_twenty_kills_of_whole_runs_leave_the_former_snapshot_and_the_next_run_is_right(
    served: RunningSandbox, undisturbed: dict[str, list[tuple[object, ...]]], tmp_path: Path
) -> None:
    """Whole runs killed at random moments: in extract, load, build, checks and publish."""
    home = prepared(tmp_path / "home", served)
    hub = [str(Path(sys.executable).parent / "finance-hub"), "run", "--home", str(home)]
    subprocess.run(hub, check=True, capture_output=True)  # what it parses and makes once is no part of the others
    started = time.monotonic()
    subprocess.run(hub, check=True, capture_output=True)
    usual = time.monotonic() - started
    statement = served_statement(home)
    chance = random.Random(31)
    kills = tries = 0
    while kills < 20:
        tries += 1
        assert tries <= 40, f"only {kills} of {tries - 1} runs were at work when they were to be killed"
        # Half of them begin with nothing in the warehouse, so that there is something to extract and load.
        if chance.random() < 0.5:
            path = settings.load(home).warehouse
            with warehouse.writing(path):  # dbt, a process of its own, may outlive the run that was killed
                pass
            path.unlink()
        process = subprocess.Popen(hub, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=chance.uniform(1, usual))
        except subprocess.TimeoutExpired:
            process.kill()
            kills += process.wait() == -signal.SIGKILL
        assert served_statement(home) == statement
    subprocess.run(hub, check=True, capture_output=True)
    assert served_statement(home) == statement
    assert content(settings.load(home).warehouse) == undisturbed


@pytest.mark.parametrize("point", [point for point in POINTS if "snapshot" in point])
def test_a_kill_while_publishing_leaves_a_whole_snapshot_served(point: str, served: RunningSandbox, tmp_path: Path) -> None:
    home = prepared(tmp_path, served)
    found = settings.load(home)
    assert run_piece(home, "load") == 0
    with warehouse.writing(found.warehouse) as database:
        database.execute("create schema core; create schema marts; create table marts.one as select 1 as figure")
    first = publish.publish(found)
    assert run_piece(home, "publish", point) == -signal.SIGKILL
    assert publish.current(home) == first
    newer = publish.publish(found)
    assert publish.current(home) == newer
    with duckdb.connect(str(newer), read_only=True) as snapshot:
        assert snapshot.execute("select figure from marts.one").fetchall() == [(1,)]


def test_the_web_interface_starts_and_an_asset_can_be_materialized_from_it(meridian: Path, tmp_path: Path) -> None:
    with RunningSandbox(Shown(company=meridian, limits=False)) as running:
        home = connect(tmp_path, running.url, currency="USD", as_of="2026-06-30", only={"ecb"})
        hub = str(Path(sys.executable).parent / "finance-hub")
        interface = subprocess.Popen(
            [hub, "ui", "--home", str(home), "--port", "3177"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_heed_interrupts,  # noqa: PLW1509 - no thread of this process holds a lock that it needs
        )
        try:
            assert _materialize("http://127.0.0.1:3177/graphql", ["ecb", "exchange_rates"]) == "SUCCESS"
        finally:
            _interrupt(interface)
    with warehouse.reading(settings.load(home).warehouse) as database:
        assert database.execute("select count(*) from ecb.exchange_rates").fetchone()[0] > 1000
    shutil.rmtree(home / "dagster", ignore_errors=True)


def _heed_interrupts() -> None:
    """As a terminal starts a program: one that is started in the background ignores them, and so does whatever it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _interrupt(interface: subprocess.Popen[bytes]) -> None:
    """End it as a person does at a terminal, where all its processes are interrupted; none of them may stay."""
    os.killpg(interface.pid, signal.SIGINT)
    try:
        interface.wait(timeout=60)
        deadline = time.monotonic() + 60
        while _is_alive(interface.pid) and time.monotonic() < deadline:
            time.sleep(0.5)
        assert not _is_alive(interface.pid), "the interface has left processes behind"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(interface.pid, signal.SIGKILL)


def _is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _materialize(address: str, asset: list[str]) -> str:
    """Launch a run as the interface does, and wait for its end."""
    launch = """mutation($order: ExecutionParams!) { launchPipelineExecution(executionParams: $order) {
        ... on LaunchRunSuccess { run { runId } } ... on PythonError { message } } }"""
    selector = {
        "repositoryLocationName": "finance_hub",
        "repositoryName": "__repository__",
        "jobName": "__ASSET_JOB",
        "assetSelection": [{"path": asset}],
    }

    def ask(query: str, **variables: object) -> dict[str, object]:
        return httpx.post(address, json={"query": query, "variables": variables}, timeout=60).json()["data"]

    deadline, run_id = time.monotonic() + 120, None
    while run_id is None and time.monotonic() < deadline:
        try:
            run_id = ask(launch, order={"selector": selector, "runConfigData": {}})["launchPipelineExecution"]["run"]["runId"]
        except (httpx.HTTPError, KeyError, TypeError, ValueError):
            time.sleep(1)
    status = ""
    while status not in {"SUCCESS", "FAILURE"} and time.monotonic() < deadline + 120:
        status = ask("query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }", id=run_id)["runOrError"]["status"]
        time.sleep(1)
    return status
