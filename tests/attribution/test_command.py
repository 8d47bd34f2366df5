"""`finance-hub attribute`: files in, credits out, or one sentence."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from finance_hub import cli
from finance_hub.attribution import MODELS, AttributionError, needing_only_paths, read

GOOD = "path,conversions,value,nulls\nA > B,2,60,0\nA,0,0,2\nB,1,30,1\n"
EXPECTED = [("markov_1", "B", 2, 60), ("markov_1", "A", 1, 30), ("markov_2", "B", "1.8", 54), ("markov_2", "A", "1.2", 36)]


def write(folder: Path, content: str | bytes) -> Path:
    file = folder / "paths.csv"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


def attributed(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run the command in this process, as its script does; returns the exit code."""
    monkeypatch.setattr(sys, "argv", ["finance-hub", "attribute", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def paths_of(file: Path) -> dict[str, tuple[Decimal, ...]]:
    """Conversions, value and nulls of each path that was read."""
    steps: dict[int, list[str]] = {}
    totals = {}
    for row in read(file).to_pylist():
        steps.setdefault(row["path_id"], []).append(row["channel"])
        totals[row["path_id"]] = (row["conversions"], row["value"], row["nulls"])
    return {"|".join(channels): totals[number] for number, channels in steps.items()}


def test_json_and_csv_hold_exact_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("--paths", str(write(tmp_path, GOOD)), "--models", "markov_1, markov_2")
    assert attributed(monkeypatch, *asked, "--format", "json") == 0
    rows = json.loads(capsys.readouterr().out, parse_float=Decimal)
    expected = [(*key, Decimal(conversions), value) for *key, conversions, value in EXPECTED]
    assert [tuple(row.values()) for row in rows] == expected
    assert list(rows[0]) == ["model", "channel", "conversions", "value"]
    assert attributed(monkeypatch, *asked, "--format", "csv") == 0
    header, *told = csv.reader(io.StringIO(capsys.readouterr().out))
    assert header == ["model", "channel", "conversions", "value"]
    assert told == [[*key, str(conversions), f"{value}.00"] for *key, conversions, value in EXPECTED]


def test_numbers_have_no_exponent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    file = write(tmp_path, "path,conversions,value\nA,3000,1000000\nB>A,0.000000000002,0\n")
    assert attributed(monkeypatch, "--paths", str(file), "--models", "linear", "--format", "csv") == 0
    assert capsys.readouterr().out.splitlines()[1:] == ["linear,A,3000.000000000001,1000000.00", "linear,B,0.000000000001,0.00"]


def test_a_table_of_all_models_that_paths_alone_allow(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD.replace("A", "[b]A"))
    command = [str(Path(sys.executable).parent / "finance-hub"), "attribute", "--paths", str(file)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in ran.stdout.splitlines() if line.startswith("│")]
    assert list(dict.fromkeys(row[0] for row in rows)) == list(needing_only_paths())
    assert ["markov_2", "[b]A", "1.2000", "36.00"] in rows


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--models", "linear,guess"], f"There is no model 'guess'; known are: {', '.join(MODELS)}."),
        (
            ["--models", "full_path"],
            "'full_path' needs to know which touch created the lead and which touch created the opportunity",
        ),
        (["--models", "time_decay"], "'time_decay' needs to know the time of each touch, which paths alone do not tell."),
    ],
)
def test_a_model_that_cannot_be_had_is_told_in_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: Sequence[str], told: str
) -> None:
    assert attributed(monkeypatch, "--paths", str(write(tmp_path, GOOD)), *arguments) == 2
    printed = capsys.readouterr()
    assert told in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""


def test_a_line_that_does_not_fit_ends_the_command_with_its_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert attributed(monkeypatch, "--paths", str(write(tmp_path, GOOD + "B,[/b],0,0\n"))) == 2
    assert "Line 5 of" in (told := capsys.readouterr().err)
    assert "conversions is '[/b]'" in told
    assert attributed(monkeypatch, "--paths", str(tmp_path / "none.csv")) == 2
    assert "none.csv cannot be read: No such file or directory." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("path,conversions\nA,1\n,2\n", "Line 3 of .*: the path is empty"),
        ("path,conversions\nA,1\n \t\u00a0,2\n", "Line 3 of .*: the path is empty"),
        ('path,conversions\n\n"A\n > B",1\nA > > B,2\n', "Line 5 of .*: the path has an empty step"),
        ("path,conversions\nA >,1\n", "Line 2 of .*: the path has an empty step"),
        ('path,conversions\n"A\n > B",1\n"A\n > ",2\n', "Line 4 of .*: the path has an empty step"),
        ("path,conversions\nA,-1\n", "Line 2 of .*: conversions is '-1', where a number from 0 up"),
        ("path,conversions\nA,nan\nA,1\n", "Line 2 of .*: conversions is 'nan'"),
        ("path,conversions\nA,1_000\n", "Line 2 of .*: conversions is '1_000'"),
        ("path,conversions\nA,\n", "Line 2 of .*: conversions is ''"),
        ("path,conversions,value\nA,1,ten\n", "Line 2 of .*: value is 'ten', where an amount is expected"),
        ("path,conversions,value\nA,1,1234567890123456\n", "Line 2 of .*: value is .* 15 digits before the point"),
        ("path,conversions,nulls\nA,1,1\nB,1,-0.5\n", "Line 3 of .*: nulls is '-0.5'"),
        ("path,conversions\nA\n", "Line 2 of .* has 1 values, where the header names 2 columns"),
        ("path,conversions\nA,1,000\n", "Line 2 of .* has 3 values"),
        ('path,conversions\nA,1\n"B,1\n', "Line 3 of .* is not valid CSV"),
        (b"path,conversions\nA,1\nB\xff,1\n", "Line 3 of .* is not UTF-8 text"),
        (
            "path,conversions,cost\nA,1,2\n",
            "Line 1 of .*: the column 'cost' is not known; columns are path, conversions, value, nulls",
        ),
        ("path,conversions,path\nA,1,B\n", "Line 1 of .*: the column 'path' stands twice"),
        ("path,value\nA,1\n", "Line 1 of .*: the column 'conversions' is missing"),
        ("path,conversions\n", "has no paths below its header on line 1"),
        ("", "is empty; a header line"),
    ],
)
def test_what_does_not_fit_names_its_line(tmp_path: Path, content: str | bytes, told: str) -> None:
    with pytest.raises(AttributionError, match=told):
        read(write(tmp_path, content))


def test_equal_paths_are_summed_whatever_the_spaces(tmp_path: Path) -> None:
    content = 'conversions,path,value\n1,A > B,1.10\n\n2.5, A>B ,-0.20\n0,"A, the first\u00a0>  B",0\n+.5,"A\n> B",.000000000001\n'
    assert paths_of(write(tmp_path, content.replace("\n\n", "\r\n\r\n"))) == {
        "A|B": (4, Decimal("0.900000000001"), 0),
        "A, the first|B": (0, 0, 0),
    }


def test_numbers_as_programs_write_them_are_read_to_the_twelfth_decimal(tmp_path: Path) -> None:
    touches = read(write(tmp_path, "path,conversions,value,nulls\nA,1e2,0.30000000000000004,2.5E-01\n"))
    assert touches.select(["conversions", "value", "nulls"]).to_pylist() == [
        {"conversions": Decimal(100), "value": Decimal("0.3"), "nulls": Decimal("0.25")}
    ]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path: Path) -> None:
    assert paths_of(write(tmp_path, "\ufeffpath,conversions,nulls\nÄ > b,1,4\n")) == {"Ä|b": (1, 0, 4)}
