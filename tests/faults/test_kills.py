"""Killed at random moments and at every named point, the next run makes everything right, with no hand work."""

from __future__ import annotations

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
from finance_hub.refresh import refresh
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


def test_kills_of_whole_runs_leave_the_former_snapshot_and_the_next_run_is_right(served: RunningSandbox, tmp_path: Path) -> None:
    """Each whole run is killed later than the one before: in extract, load, build, checks and publish."""
    home = prepared(tmp_path / "home", served)
    found = settings.load(home)
    assert refresh(found).problems == []
    before = publish.current(home)
    with duckdb.connect(str(before), read_only=True) as snapshot:
        totals = snapshot.execute("select account_class, sum(amount_func) from profit_and_loss group by 1 order by 1").fetchall()
    hub = str(Path(sys.executable).parent / "finance-hub")
    for seconds in range(4, 44, 4):
        process = subprocess.Popen([hub, "run", "--home", str(home)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with duckdb.connect(str(publish.current(home)), read_only=True) as snapshot:
            now = snapshot.execute("select account_class, sum(amount_func) from profit_and_loss group by 1 order by 1").fetchall()
        assert now == totals
    assert refresh(found).problems == []


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
        )
        try:
            assert _materialize("http://127.0.0.1:3177/graphql", ["ecb", "exchange_rates"]) == "SUCCESS"
        finally:
            interface.send_signal(signal.SIGINT)
            try:
                interface.wait(timeout=60)
            except subprocess.TimeoutExpired:
                interface.kill()
    with warehouse.reading(settings.load(home).warehouse) as database:
        assert database.execute("select count(*) from ecb.exchange_rates").fetchone()[0] > 1000
    shutil.rmtree(home / "dagster", ignore_errors=True)


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
