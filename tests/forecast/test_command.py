"""``finance-hub forecast``, as it is run."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

from finance_hub.cli import main


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("finance-hub")), "forecast", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def rows(months: int) -> list[str]:
    return [
        f"{name},{2020 + month // 12}-{month % 12 + 1:02},{size * (100 + month + 20 * math.sin(month * math.pi / 6)):.2f}"
        for name, size in (("rent, Berlin", 1), ("sales", 10))
        for month in range(months)
    ]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "series.csv"
    lines = [line.replace("rent, Berlin", '"rent, Berlin"') for line in rows(40)]
    path.write_text("\n".join(["series,month,value", *reversed(lines)]) + "\n")
    return path


def test_each_series_has_a_row_for_each_month_ahead_in_every_format(file: Path) -> None:
    as_csv = run("--series", str(file), "--horizon", "3", "--format", "csv")
    assert as_csv.returncode == 0, as_csv.stderr
    table = list(csv.DictReader(io.StringIO(as_csv.stdout)))
    assert [(row["series"], row["month"], row["horizon"]) for row in table] == [
        (name, month, str(ahead))
        for name in ("rent, Berlin", "sales")
        for ahead, month in enumerate(("2023-05", "2023-06", "2023-07"), 1)
    ]
    # A course without noise is known nearly to the point.
    expected = [100 + month + 20 * math.sin(month * math.pi / 6) for month in range(40, 43)]
    assert [float(row["mean"]) for row in table[:3]] == pytest.approx(expected, rel=0.03)
    assert all(float(row["lo95"]) <= float(row["mean"]) <= float(row["hi95"]) for row in table)

    as_json = json.loads(run("--series", str(file), "--horizon", "3", "--format", "json").stdout)
    assert [{name: str(value) for name, value in row.items()} for row in as_json] == table
    assert "sales" in run("--series", str(file), "--horizon", "3").stdout


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("series,month\na,2026-01\n", "has no column value"),
        ("series,month,value\n", "no rows below its header"),
        ("", "has no column series, month, value"),
        ("series,month,value\na,2026-01,1\na,2026-13,2\n", "Line 3 of .*: month is '2026-13'"),
        ("series,month,value\na,2026-01,1\na,2026-02,1.234,5\n", "Line 3 of .*: 4 values, where 3 are expected"),
        ("series,month,value\na,2026-01,ten\n", "Line 2 of .*: value is 'ten', where a number is expected"),
        ("series,month,value\na,2026-01,nan\n", "Line 2 of .*: value is 'nan'"),
        (
            "series,month,value\na,2026-02,1\nb,2026-02,1\na,2026-02-28,2\n",
            "Line 4 of .*: series 'a' has 2026-02 a second time, after line 2",
        ),
        ("series,month,value\na,2026-04,1\na,2026-01,1\n", "series 'a' has no row for 2026-02, after line 3: add it"),
        ("series,month,value\n,2026-04,1\n", "Line 2 of .*: the series has no name"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_line(
    text: str, told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process: in each of its own, the libraries would be imported anew."""
    path = tmp_path / "series.csv"
    path.write_text(text)
    monkeypatch.setattr(sys, "argv", ["finance-hub", "forecast", "--series", str(path)])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(told, " ".join(err.split())), err


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = run("--series", str(tmp_path / "none.csv"))
    assert done.returncode == 2
    assert "cannot be read" in done.stderr


@pytest.mark.heavy
def test_many_series_are_forecast_side_by_side_as_one_by_one(tmp_path: Path) -> None:
    from datetime import date

    import numpy as np

    from finance_hub.forecast import Series, forecast, forecast_all

    several = [Series(f"s{n}", date(2024, 1, 1), np.arange(1.0, 20 + n % 3) * (1 + n)) for n in range(65)]
    done: list[int] = []
    together = forecast_all(several, 4, lambda count, _of: done.append(count))
    assert done[-1] == 65
    for each, found in zip(several, together, strict=True):
        assert (found.mean == forecast(each.values, 4).mean).all()
