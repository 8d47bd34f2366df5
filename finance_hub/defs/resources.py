"""What every op shares: the home it works in, and dbt."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata
from pathlib import Path
from typing import Any

import dagster as dg
from dagster_dbt import DbtCliResource
from packaging.version import Version

from finance_hub import ingestion, models, settings, warehouse
from finance_hub.ingestion import Staged
from finance_hub.settings import ConnectionSettings, Settings


@dataclass(frozen=True)
class Hub:
    """The home of a hub. ``only`` limits extraction to some connections; ``tell`` hears of each step.

    A run in one process (see :mod:`finance_hub.refresh`) prepares the warehouse once and begins to read the connections before its
    steps ask for either; ``meanwhile`` is called when it begins to wait for dbt.
    """

    home: Path
    only: tuple[str, ...] = ()
    tell: Callable[[str], None] = lambda _line: None
    prepare: Callable[[Settings], None] = warehouse.prepare
    extract: Callable[[Settings, ConnectionSettings], Staged] = ingestion.attempt
    meanwhile: Callable[[], None] = lambda: None

    def settings(self) -> Settings:
        """Read anew each time: a connection that was added counts from the next run on.

        Raises :class:`finance_hub.settings.SettingsError`.
        """
        return settings.load(self.home)


def default_home() -> Path:
    """``FINANCE_HUB_HOME``, else ``.hub`` in the working directory."""
    return Path(os.environ.get("FINANCE_HUB_HOME", ".hub")).resolve()


class Dbt(DbtCliResource):
    """The dbt of this environment, whatever the PATH says.

    Without two things that cost seconds in every build: a process that only asks dbt for its version, and an adapter of its own
    (columns are told by the project's macro ``tell_columns``; an adapter here would hold the warehouse, see `macros/columns.sql`).
    """

    def __init__(self) -> None:
        folder = str(models.PROJECT)
        super().__init__(project_dir=folder, profiles_dir=folder, dbt_executable=models.DBT)

    @cached_property
    def _cli_version(self) -> Version:
        return Version(metadata.version("dbt-core"))

    def _initialize_dbt_core_adapter(self, _args: Sequence[str]) -> Any:
        return None


@dg.definitions
def defs() -> dg.Definitions:
    """The resources, for the home that the environment names."""
    return dg.Definitions(resources={"hub": Hub(default_home())})
