"""What all commands share: where they print, and options they have in common."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

out = Console(file=sys.stdout)  # fixed now: a run sends what others print elsewhere
err = Console(stderr=True)

Home = Annotated[Path, typer.Option("--home", envvar="FINANCE_HUB_HOME", help="The folder that holds everything runs write.")]
DEFAULT_HOME = Path(".hub")


class Format(StrEnum):
    """How query results are written."""

    table = "table"
    csv = "csv"
    json = "json"
