"""Builds and checks the models: dbt in a process of its own, so that it alone holds the warehouse."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import msgspec

from finance_hub.settings import Settings

PROJECT = Path(__file__).parents[1] / "dbt_project"
_DBT = "from dbt.cli.main import cli; cli()"


class _Timing(msgspec.Struct):
    unique_id: str
    status: str
    message: str | None = None
    failures: int | None = None


class _RunResults(msgspec.Struct):
    results: list[_Timing]


@dataclass(frozen=True)
class Built:
    """What a build did: models built, checks passed, and a line for each that failed."""

    models: int
    checks_passed: int
    failed: tuple[str, ...]


class BuildError(Exception):
    """dbt could not start, or stopped before it built anything."""


def build(settings: Settings) -> Built:
    """Build every model and run every check on the warehouse; unit tests belong to the project's own tests.

    Raises :class:`BuildError` with dbt's own words when there is no result to read.
    """
    target = settings.home / "dbt"
    target.mkdir(parents=True, exist_ok=True)
    results = target / "run_results.json"
    results.unlink(missing_ok=True)
    command = [sys.executable, "-c", _DBT, "--quiet", "--no-use-colors", "build", "--exclude-resource-type", "unit_test"]
    command += ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target-path", str(target)]
    command += ["--log-path", str(settings.home / "logs")]
    environment = {**os.environ, "FINANCE_HUB_WAREHOUSE": str(settings.warehouse), "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"}
    finished = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if not results.is_file():
        raise BuildError(f"dbt could not build the models: {(finished.stdout + finished.stderr).strip()[-2000:]}")
    outcomes = msgspec.json.decode(results.read_bytes(), type=_RunResults).results
    failed = tuple(_told(outcome) for outcome in outcomes if outcome.status in {"error", "fail"})
    good = [outcome.unique_id.partition(".")[0] for outcome in outcomes if outcome.status in {"success", "pass"}]
    return Built(good.count("model"), good.count("test"), failed)


def _told(outcome: _Timing) -> str:
    kind, _, name = outcome.unique_id.partition(".")
    parts = name.split(".")
    return f"{kind} {parts[1] if len(parts) > 1 else name}: {(outcome.message or outcome.status).strip().splitlines()[0]}"
