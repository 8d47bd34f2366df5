"""Models as a hub builds them: on its warehouse, with what parsing the project has found out before."""

from __future__ import annotations

import json
from pathlib import Path

from finance_hub import models, views, warehouse
from finance_hub.settings import Settings


def dbt(found: Settings, *arguments: str) -> Path:
    """Run one command of dbt to its good end; returns the folder of its results."""
    models.manifest(found.home)
    target = models.run_folder(found.home)
    models.run(found.home, target, *arguments)
    return target


def make_views(found: Settings) -> list[str]:
    """Make the views of the raw tables, as a run does; returns the arguments by which dbt leaves them alone."""
    manifest = json.loads(models.manifest(found.home).read_bytes())
    plain = views.of(manifest)
    with warehouse.writing(found.warehouse) as database:
        views.make(database, plain)
    return ["--exclude", views.criteria(manifest, plain)]


def build(found: Settings, *selected: str) -> None:
    """Build the selected models and seeds, without the tests of any."""
    dbt(found, "build", "--exclude-resource-type=test", "--exclude-resource-type=unit_test", "--select", *selected)
