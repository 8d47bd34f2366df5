"""One whole run in this process: the Dagster job ``refresh``, which schedules run too, with its outcome told in plain words."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from dlt_sources.catalog import SYSTEMS
from finance_hub import models, publish, warehouse
from finance_hub.alerts import deliver, failure_of, notice_run, notice_sources
from finance_hub.ingestion import Loaded
from finance_hub.readers import Readers
from finance_hub.settings import Settings, SettingsError

if TYPE_CHECKING:
    import dagster as dg

Tell = Callable[[str], None]
_INSTANCE_SETTINGS = Path(__file__).parents[1] / "dagster.yaml"


@dataclass
class Outcome:
    """What a run did. ``problems`` is empty exactly when a snapshot was published."""

    loaded: list[Loaded] = field(default_factory=list)
    models_built: int = 0
    checks_passed: int = 0
    checks_failed: list[str] = field(default_factory=list)
    """Failed checks, those that do not block too."""
    snapshot: Path | None = None
    problems: list[str] = field(default_factory=list)
    alerts_opened: int = 0


def dagster_home(home: Path) -> Path:
    """The folder of the hub's Dagster instance, with its settings in it."""
    folder = home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_INSTANCE_SETTINGS, folder / "dagster.yaml")
    return folder


def refresh(settings: Settings, only: Collection[str] = (), tell: Tell = lambda _line: None) -> Outcome:
    """Run everything, or only the named connections' extraction before the rest; ``tell`` hears of each step.

    A source that fails does not keep the others from loading, but keeps the run from building and publishing.
    """
    if unknown := sorted(set(only) - settings.connections.keys()):
        known = ", ".join(settings.connections) or "none"
        raise SettingsError(f"There is no connection '{unknown[0]}'; known are: {known}.")
    tell("Starting")
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "yes")
    os.environ["FINANCE_HUB_HOME"] = str(settings.home)
    with _alone(settings.home, tell):
        warehouse.prepare(settings)
        # By system, as the run's steps ask for them: what is asked for first is read first.
        wanted = sorted((connection.system, name) for name, connection in settings.connections.items() if not only or name in only)
        with Readers(settings, [name for _, name in wanted]) as readers, warehouse.kept_open(settings.warehouse):
            # The rest begins while they read: the libraries take seconds to import.
            threading.Thread(target=models.manifest, args=(settings.home,), daemon=True).start()
            result = _run(settings, only, tell, readers)
    outcome = _outcome(settings, result)
    opened = notice_run(settings, "refresh", result.all_events, succeeded=result.success)
    outcome.alerts_opened = opened + notice_sources(settings)
    deliver(settings)
    return outcome


@contextlib.contextmanager
def _alone(home: Path, tell: Tell) -> Iterator[None]:
    """One run of this kind at a time. A lock ends with its process: whoever has it knows that no other is at work."""
    home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(home / "run.lock")
    with contextlib.suppress(Timeout):
        lock.acquire(timeout=0)
    if not lock.is_locked:
        tell("Waiting for the run that is at work")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _run(settings: Settings, only: Collection[str], tell: Tell, readers: Readers) -> dg.ExecuteInProcessResult:
    from finance_hub.definitions import defs
    from finance_hub.defs.resources import Hub
    from finance_hub.event_log import IN_PROCESS, end_dead_runs, in_process_instance

    def prepared(_settings: Settings) -> None:
        """It is, and nobody has written since."""

    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    (settings.home / "logs").mkdir(parents=True, exist_ok=True)
    with (
        (settings.home / "logs" / "run.log").open("a") as log,
        contextlib.redirect_stdout(log),
        in_process_instance(dagster_home(settings.home)) as instance,
    ):
        end_dead_runs(instance)
        hub = Hub(settings.home, tuple(only), tell, prepared, readers.staged, _import_great_expectations)
        job = defs().resolve_job_def("refresh")
        return job.execute_in_process(
            instance=instance, raise_on_error=False, resources={"hub": hub}, run_config=quiet, tags=IN_PROCESS
        )


def _import_great_expectations() -> None:
    """Its import takes seconds, and the checks come next in this process."""
    threading.Thread(target=import_module, args=("great_expectations",), daemon=True).start()


def _outcome(settings: Settings, result: dg.ExecuteInProcessResult) -> Outcome:
    outcome = Outcome(loaded=_loaded(settings, result))
    for event in result.all_events:
        if event.is_step_materialization and event.asset_key and event.asset_key.path[0] not in SYSTEMS:
            outcome.models_built += event.asset_key.path[0] != "serve"
        elif event.event_type_value == "ASSET_CHECK_EVALUATION":
            evaluation: Any = event.event_specific_data
            if evaluation.passed:
                outcome.checks_passed += 1
            else:
                told = evaluation.description or "did not pass"
                outcome.checks_failed.append(f"check {evaluation.check_name} of {'.'.join(evaluation.asset_key.path)}: {told}")
    if result.success:
        outcome.snapshot = publish.current(settings.home)
    else:
        outcome.problems = [failure_of(event) for event in result.all_events if event.is_step_failure]
        outcome.problems += outcome.checks_failed
    return outcome


def _loaded(settings: Settings, result: dg.ExecuteInProcessResult) -> list[Loaded]:
    """What each connection brought, from the metadata of the raw tables."""
    found: dict[str, Loaded] = {}
    for event in result.all_events:
        if not event.is_step_materialization or event.asset_key is None or event.asset_key.path[0] not in SYSTEMS:
            continue
        table = event.asset_key.path[1]
        told: dict[str, Any] = {
            name: value.value for name, value in event.step_materialization_data.materialization.metadata.items()
        }
        for connection_id, rows in told["rows_loaded"].items():
            system = settings.connections[connection_id].system
            loaded = found.setdefault(connection_id, Loaded(connection_id, system, {}, 0, {}))
            if rows:
                loaded.rows[table] = rows
        for connection_id, count in told.get("quarantined", {}).items():
            found[connection_id] = replace(found[connection_id], quarantined=count)
        for connection_id, reason in told.get("unavailable", {}).items():
            found[connection_id].unavailable[table] = reason
    return [found[name] for name in settings.connections if name in found]
