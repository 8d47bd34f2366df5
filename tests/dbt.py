"""dbt as a hub runs it: on the hub's warehouse, with what parsing the project has found out before."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from finance_hub import models
from finance_hub.settings import Settings


def dbt(found: Settings, *arguments: str) -> Path:
    """Run one command of dbt to its good end; returns the folder of its results."""
    models.manifest(found.home)
    target = models.run_folder(found.home)
    command = [models.DBT, "--quiet", *arguments, "--project-dir", str(models.PROJECT), "--profiles-dir", str(models.PROJECT)]
    command += ["--target-path", str(target), "--log-path", str(found.home / "logs")]
    ran = subprocess.run(
        command, env={**os.environ, **models.environment(found.warehouse)}, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout
    return target


def build(found: Settings, *selected: str) -> None:
    """Build the selected models and seeds, without the tests of any."""
    without = [f"--exclude-resource-type={kind}" for kind in ("test", "unit_test")]
    dbt(found, "build", *without, "--select", *selected)
