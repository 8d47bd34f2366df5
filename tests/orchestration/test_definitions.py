"""The code location as Dagster loads it: no home, no credentials, no network, no manifest."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from dlt_sources.catalog import SYSTEMS
from finance_hub import settings, warehouse
from finance_hub.alerts import Outbox
from finance_hub.defs.resources import Hub
from finance_hub.refresh import dagster_home
from sandbox.server import RunningSandbox, Shown
from tests.conftest import connect

ROOT = Path(__file__).parents[2]
ENDS = {dg.DagsterEventType.RUN_SUCCESS, dg.DagsterEventType.RUN_FAILURE}
PROGRAMS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("orchestration")


@pytest.fixture(scope="module")
def location(home: Path) -> Iterator[dg.Definitions]:
    """The definitions, for an empty home."""
    before = os.environ.get("FINANCE_HUB_HOME")
    os.environ["FINANCE_HUB_HOME"] = str(home)
    from finance_hub.definitions import defs

    yield defs()
    if before is None:
        del os.environ["FINANCE_HUB_HOME"]
    else:
        os.environ["FINANCE_HUB_HOME"] = before


@pytest.fixture(scope="module")
def connected(meridian: Path, home: Path) -> Iterator[Path]:
    """The home, connected to the rates of a sandbox."""
    with RunningSandbox(Shown(company=meridian, limits=False)) as running:
        yield connect(home, running.url, currency="USD", as_of="2026-06-30", only={"ecb"})


def specs(location: dg.Definitions) -> dict[str, dg.AssetSpec]:
    return {spec.key.to_user_string(): spec for spec in location.resolve_all_asset_specs()}


def test_the_workspace_and_the_project_are_valid(tmp_path: Path) -> None:
    environment = os.environ | {"FINANCE_HUB_HOME": str(tmp_path), "DAGSTER_DISABLE_TELEMETRY": "yes"}
    for command in (["dagster", "definitions", "validate", "-w", "workspace.yaml"], ["dg", "check", "defs"]):
        checked = subprocess.run(
            [str(PROGRAMS / command[0]), *command[1:]], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_every_declared_table_is_an_asset_with_owner_kinds_and_columns(location: dg.Definitions) -> None:
    found = specs(location)
    for system in SYSTEMS.values():
        for table in system.all_tables:
            spec = found[f"{system.name}/{table.name}"]
            assert spec.group_name == system.name
            assert spec.kinds == {"dlt", "duckdb"}
            assert spec.owners
            assert spec.freshness_policy is not None
            assert table.description in (spec.description or "")
            columns = {column.name for column in spec.metadata["dagster/column_schema"].columns}
            assert columns == {column.name for column in table.columns}


def test_models_stand_under_their_schema_and_rebuild_by_themselves(location: dg.Definitions) -> None:
    found = specs(location)
    for key in ("staging/stg_xero__journals", "core/fct_gl_line", "marts/profit_and_loss", "serve/snapshot"):
        assert found[key].automation_condition is not None, key
        assert found[key].owners, key
    assert found["staging/stg_xero__journals"].group_name == "staging_xero"
    assert found["marts/profit_and_loss"].group_name == "ledger"
    graph = location.resolve_asset_graph()
    assert dg.AssetKey(["xero", "journals"]) in graph.get(dg.AssetKey(["staging", "stg_xero__journals"])).parent_keys


def test_the_snapshot_waits_for_every_blocking_check(location: dg.Definitions) -> None:
    graph = location.resolve_asset_graph()
    upstream = graph.get(dg.AssetKey(["serve", "snapshot"])).parent_keys
    blocking = [key for key in graph.asset_check_keys if graph.get(key).blocking]
    behaviour = [key for key in blocking if not key.name.startswith(("not_null", "unique", "accepted", "relationships"))]
    assert len(behaviour) >= 20
    for key in behaviour:
        assert key.asset_key in upstream, key


def test_there_are_schedules_by_the_hour_and_by_the_day_and_sensors_that_run(location: dg.Definitions) -> None:
    repository = location.get_repository_def()
    assert {schedule.name: schedule.cron_schedule for schedule in repository.schedule_defs} == {
        "daily": "30 4 * * *",
        **{f"{system.name}_by_the_hour": system.cron for system in SYSTEMS.values()},
    }
    sensors = {sensor.name: sensor.default_status for sensor in repository.sensor_defs}
    assert sensors.keys() == {"after_success", "after_failure", "tell", "when_upstream_is_ready"}
    assert set(sensors.values()) == {dg.DefaultSensorStatus.RUNNING}


def test_one_asset_can_be_materialized_alone(location: dg.Definitions, connected: Path) -> None:
    with dg.DagsterInstance.from_config(str(dagster_home(connected))) as instance:
        job = location.resolve_job_def("refresh")
        wanted = dg.AssetKey(["ecb", "exchange_rates"])
        result = job.execute_in_process(instance=instance, asset_selection=[wanted])
        assert result.success
        assert [event.asset_key for event in result.get_asset_materialization_events()] == [wanted]
    with warehouse.reading(settings.load(connected, {}).warehouse) as database:
        assert database.execute("select count(*) from ecb.exchange_rates").fetchone()[0] > 1000


def test_a_run_that_fails_opens_an_incident_and_one_that_succeeds_resolves_it(location: dg.Definitions, connected: Path) -> None:
    repository = location.get_repository_def()
    job = location.resolve_job_def("read_ecb")
    toml = connected / "hub.toml"
    good = toml.read_text()
    unreachable = re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:1", good)
    with dg.DagsterInstance.from_config(str(dagster_home(connected))) as instance:
        for text, sensor_name in ((unreachable, "after_failure"), (good, "after_success")):
            toml.write_text(text)
            result = job.execute_in_process(instance=instance, raise_on_error=False, resources={"hub": Hub(connected)})
            event = next(event for event in result.all_events if event.event_type in ENDS)
            context = dg.build_run_status_sensor_context(
                sensor_name=sensor_name,
                dagster_event=event,
                dagster_instance=instance,
                dagster_run=result.dagster_run,
                resources={"hub": Hub(connected)},
            )
            sensor = repository.get_sensor_def(sensor_name)
            sensor(context.for_run_failure() if sensor_name == "after_failure" else context)
            titles = [incident.title for incident in Outbox(connected).incidents()]
            assert ("Step ecb.load_ecb failed" in titles) == (sensor_name == "after_failure")


def test_a_stale_source_opens_an_incident(location: dg.Definitions, connected: Path) -> None:
    found = settings.load(connected, {})
    long_ago = datetime.now(UTC).replace(tzinfo=None) - timedelta(hours=27)
    with warehouse.writing(found.warehouse) as database:
        database.execute("update hub.source_runs set last_success_at = ?", [long_ago])
    sensor = location.get_repository_def().get_sensor_def("tell")
    sensor(dg.build_sensor_context(resources={"hub": Hub(connected)}))
    assert any(incident.title.startswith("Source rates has not been read since") for incident in Outbox(connected).incidents())


@pytest.mark.heavy
@pytest.mark.usefixtures("location")
def test_a_run_that_was_killed_holds_nothing_for_which_the_next_one_waits(connected: Path) -> None:
    """Both die while they have the warehouse: the second gets there only if the first one's turn is over."""
    for step in ("Loading", "Building"):
        command = [sys.executable, "-m", "tests.orchestration.killed", str(connected), step]
        assert subprocess.run(command, cwd=ROOT, timeout=120, check=False).returncode == -signal.SIGKILL
    with dg.DagsterInstance.from_config(str(dagster_home(connected))) as instance:
        runs = instance.get_runs(dg.RunsFilter(job_name="refresh", tags={"finance_hub/in_process": "yes"}))
        assert [run.status for run in runs] == [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.FAILURE], "newest first"
