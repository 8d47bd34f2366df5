"""How fast pages become merged rows: the hub's way against dlt's own two, in one run, with the same merge by key.

Each way takes the same page bytes of a 12-column ledger through dlt into a DuckDB table: a first load, then a second one in which
a tenth of the rows has changed, after one page to warm up. Figures are CPU seconds of the process and its threads, so that they hold on a busy machine.

    python bench/load_path.py                  the three ways on 100,000 rows
    python bench/load_path.py --memory         the hub's way on 5 million rows: does memory grow?
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
from peak_memory import peak_mb
from rich.console import Console
from rich.table import Table as Shown

from dlt_sources.http import Reply
from dlt_sources.records import Archive, Day, Instant, Money, Record, Table
from dlt_sources.records.intake import Endpoint, Intake, load_hints

PAGE = 1000
WAYS = {
    "hub": "the hub: typed decode, archive, Arrow, parquet",
    "rows_parquet": "dlt: rows, parquet files",
    "rows": "dlt: rows, its default",
}


class Line(Record):
    """A ledger line of twelve columns."""

    line_id: str
    journal_id: str
    posting_date: Day | None = None
    account_code: str | None = None
    account_name: str | None = None
    description: str | None = None
    amount: Money | None = None
    tax_amount: Money | None = None
    currency: str | None = None
    department: str | None = None
    is_reversal: bool | None = None
    updated_at: Instant | None = None


LINES = Endpoint("lines", Line, (Table("lines", Line, ("line_id",), "Ledger lines.", once=True),), lambda line: line.line_id)


def pages(count: int, generation: int = 0) -> Iterator[bytes]:
    """Pages of a first load, or those of the tenth that changed since."""
    step = 10 if generation else 1
    for first in range(0, count, PAGE * step):
        rows = [
            {
                "line_id": f"l-{number}",
                "journal_id": f"j-{number // 3}",
                "posting_date": f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}",
                "account_code": str(1000 + number % 400),
                "account_name": f"Account {number % 400}",
                "description": f"Line {number} of a journal that somebody wrote",
                "amount": f"{number % 99991}.{(number + generation) % 100:02d}",
                "tax_amount": f"{number % 991}.5",
                "currency": ("GBP", "USD", "EUR")[number % 3],
                "department": ("sales", "marketing", "support", None)[number % 4],
                "is_reversal": number % 50 == 0,
                "updated_at": f"2025-06-{number % 28 + 1:02d}T12:00:00Z",
            }
            for number in range(first, min(first + PAGE * step, count), step)
        ]
        yield json.dumps({"lines": rows}).encode()


class _Page(msgspec.Struct):
    lines: list[msgspec.Raw]


def the_hubs(folder: Path, source: Iterator[bytes]) -> Any:
    """Pages through the intake."""
    import dlt

    @dlt.resource(name="lines")
    def lines() -> Iterator[Any]:
        intake = Intake(LINES, connection_id="bench", archive=Archive(folder / "archive", "bench", "bench"), known=None)
        for body in source:
            reply = Reply(200, {}, body, "GET lines", datetime.now(UTC))
            yield from intake.take(reply, msgspec.json.decode(body, type=_Page).lines)
        yield from intake.finish()

    return lines


def rows_of_dlt(_folder: Path, source: Iterator[bytes]) -> Any:
    """Pages as dictionaries, with exact decimals and declared columns, as a careful user of dlt would write it."""
    import dlt

    columns = {
        "posting_date": {"data_type": "date"},
        "amount": {"data_type": "decimal", "precision": 38, "scale": 12},
        "tax_amount": {"data_type": "decimal", "precision": 38, "scale": 12},
        "updated_at": {"data_type": "timestamp"},
    }
    hints = load_hints(LINES.tables[0])

    @dlt.resource(name="lines", columns=columns, primary_key=hints["primary_key"], write_disposition=hints["write_disposition"])
    def lines() -> Iterator[Any]:
        for body in source:
            rows = json.loads(body)["lines"]
            for row in rows:
                row["connection_id"] = "bench"
                row["amount"], row["tax_amount"] = Decimal(row["amount"]), Decimal(row["tax_amount"])
            yield rows

    return lines


def load(way: str, count: int, folder: Path, *, streamed: bool) -> dict[str, float]:
    """Load twice in this process; CPU seconds, rows and memory."""
    from finance_hub import warehouse
    from finance_hub.ingestion import DLT_ENVIRONMENT

    os.environ.update(DLT_ENVIRONMENT | {"DLT_DATA_DIR": str(folder)})
    if way == "rows":
        del os.environ["NORMALIZE__LOADER_FILE_FORMAT"]
    import dlt

    make = the_hubs if way == "hub" else rows_of_dlt
    warm = dlt.pipeline(
        "warm", pipelines_dir=str(folder), destination=dlt.destinations.duckdb(str(folder / "warm.duckdb")), dataset_name="raw"
    )
    warm.run(make(folder, pages(PAGE)))  # what libraries load the first time is no part of the throughput
    before, began = time.process_time(), time.monotonic()
    making = 0.0
    columns = len(LINES.tables[0].columns)
    with warehouse.writing(folder / "bench.duckdb") as database, warehouse.bounded_memory(database, columns):
        pipeline = dlt.pipeline(
            "bench", pipelines_dir=str(folder), destination=dlt.destinations.duckdb(database), dataset_name="raw"
        )
        for generation in (0, 1):
            start = time.process_time()
            made = pages(count, generation) if streamed else list(pages(count, generation))
            making += time.process_time() - start
            pipeline.run(make(folder, iter(made)))
        cpu, wall = time.process_time() - before - making, time.monotonic() - began
        rows, total = database.execute("select count(*), sum(amount) from raw.lines").fetchone()
    expected = sum(
        Decimal(f"{number % 99991}.{(number + (number % 10 == 0)) % 100:02d}") for number in range(0 if streamed else count)
    )
    if rows != count or (not streamed and total != expected):
        raise SystemExit(f"{way}: {rows} rows, {total} in all; expected {count} and {expected}")
    return {"cpu": cpu, "wall": wall, "rows": count + count / 10, "peak_mb": peak_mb()}


def measure(way: str, count: int, *options: str) -> dict[str, float]:
    """One way in a process of its own."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        command = [sys.executable, __file__, "--way", way, "--rows", str(count), "--folder", folder, *options]
        return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000, help="rows of the first load")
    parser.add_argument("--memory", action="store_true", help="only the hub's way, on 5 million rows and on a tenth of it")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--streamed", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.way:
        print(json.dumps(load(wanted.way, wanted.rows, wanted.folder, streamed=wanted.streamed)))
        return
    console = Console()
    if wanted.memory:
        for count in (500_000, 5_000_000):
            found = measure("hub", count, "--streamed")
            console.print(
                f"{count:,} rows: peak {found['peak_mb']:.0f} MB, {found['rows'] / found['cpu']:,.0f} rows per CPU second"
            )
        return
    found = {}
    for way, told in WAYS.items():
        with console.status(f"Loading {wanted.rows:,} rows: {told}"):
            found[way] = measure(way, wanted.rows)
    table = Shown("way", "CPU s", "rows per CPU second", "the hub is faster by", "peak MB")
    for way, told in WAYS.items():
        each = found[way]
        ratio = each["cpu"] / found["hub"]["cpu"]
        table.add_row(told, f"{each['cpu']:.1f}", f"{each['rows'] / each['cpu']:,.0f}", f"{ratio:.1f} x", f"{each['peak_mb']:.0f}")
    console.print(table)


if __name__ == "__main__":
    main()
