"""``finance-hub forecast``: where monthly figures are going."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from finance_hub.cli.common import Format, err, out
from finance_hub.settings import SettingsError

_COLUMNS = ("series", "month", "horizon", "mean", "lo95", "hi95", "model")


def forecast(
    series: Annotated[Path, typer.Option(help="CSV with the columns series, month (2026-05) and value; a row for every month.")],
    horizon: Annotated[int, typer.Option(min=1, max=60, help="How many months ahead.")] = 12,
    format: Annotated[Format, typer.Option(help="How to write the forecasts.")] = Format.table,  # noqa: A002 - the option's name
) -> None:
    """Forecast monthly series, with the bounds within which 95 % of what comes should lie.

    Exponential smoothing and the theta method, weighted by how they did on each series, and held to the same month of the year before.

    Example: finance-hub forecast --series revenue.csv --horizon 12
    Example: finance-hub forecast --series revenue.csv --horizon 6 --format csv
    """
    from finance_hub.forecast import ForecastError, forecast_all, read

    try:
        given = read(series)
    except ForecastError as trouble:
        raise SettingsError(str(trouble)) from None
    with Progress(console=err, transient=True) as progress:
        task = progress.add_task("Forecasting", total=len(given))
        told = forecast_all(given, horizon, lambda done, _of: progress.update(task, completed=done))
    rows = [
        dict(
            zip(
                _COLUMNS,
                (one.name, f"{one.month(ahead + 1):%Y-%m}", ahead + 1, *numbers, found.model),
                strict=True,
            )
        )
        for one, found in zip(given, told, strict=True)
        for ahead, numbers in enumerate(
            zip(*(_rounded(part.tolist()) for part in (found.mean, found.lo95, found.hi95)), strict=True)
        )
    ]
    if format is Format.json:
        sys.stdout.write(json.dumps(rows) + "\n")
    elif format is Format.csv:
        writer = csv.DictWriter(sys.stdout, _COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    else:
        table = Table(*_COLUMNS[:2])
        for name in _COLUMNS[2:6]:
            table.add_column(name, justify="right")
        table.add_column(_COLUMNS[6])
        for row in rows:
            numbers = (f"{row[name]:,}" for name in ("mean", "lo95", "hi95"))
            ends = row["horizon"] == horizon
            table.add_row(
                escape(str(row["series"])), str(row["month"]), str(row["horizon"]), *numbers, str(row["model"]), end_section=ends
            )
        out.print(table)


def _rounded(numbers: list[float]) -> list[float]:
    """To four decimals: more would tell digits that no forecast knows."""
    return [round(number, 4) for number in numbers]
