"""dbt as a hub runs it: on the hub's warehouse, with what parsing the project has found out before."""

from __future__ import annotations

from pathlib import Path

from finance_hub import models
from finance_hub.settings import Settings


def dbt(found: Settings, *arguments: str) -> Path:
    """Run one command of dbt to its good end; returns the folder of its results."""
    models.manifest(found.home)
    target = models.run_folder(found.home)
    models.run(found.home, target, *arguments)
    return target


def build(found: Settings, *selected: str) -> None:
    """Build the selected models and seeds, without the tests of any."""
    dbt(found, "build", "--exclude-resource-type=test", "--exclude-resource-type=unit_test", "--select", *selected)
