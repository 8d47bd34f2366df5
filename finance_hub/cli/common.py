"""What all commands share: where they print, and options they have in common."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

_IN_FILES = 160
"""Characters in a line of a file or a pipe, which has no width: those of a terminal that nobody sees would break most names."""

# Where to print is fixed now: a run sends what others print elsewhere.
out = Console(file=sys.stdout, width=None if sys.stdout.isatty() or "COLUMNS" in os.environ else _IN_FILES)
err = Console(stderr=True)

Home = Annotated[Path, typer.Option("--home", envvar="FINANCE_HUB_HOME", help="The folder that holds everything runs write.")]
DEFAULT_HOME = Path(".hub")


class Format(StrEnum):
    """How query results are written."""

    table = "table"
    csv = "csv"
    json = "json"
