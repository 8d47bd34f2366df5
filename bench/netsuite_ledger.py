"""A large NetSuite ledger through the hub's whole way: SuiteQL pages over HTTP, archive, Arrow, merge; then a second, idle run.

The emulator runs in a process of its own. Figures are of the hub's process: CPU seconds of all its threads, so that they hold on a
busy machine, and its largest memory. Rows are those of all raw tables; the sums are compared to the cent.

    python bench/netsuite_ledger.py                      500,000 accounting lines
    python bench/netsuite_ledger.py --lines 5000000      does memory grow?
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import socket
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

from peak_memory import peak_mb


def serve(pipe: Connection, lines: int, folder: Path) -> None:
    """Serve the ledger until the other end of the pipe closes."""
    import threading

    import uvicorn

    from sandbox.server import application
    from sandbox.vendors.netsuite.synthetic import vendor_of_ledger
    from sandbox.vendors.wire import VirtualClock

    clock = VirtualClock(datetime(2026, 6, 30, tzinfo=UTC))
    listener = socket.create_server(("127.0.0.1", 0))
    app = application([vendor_of_ledger(lines, folder, clock)], clock)
    server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1))

    def watch() -> None:
        try:
            pipe.recv()
        except (EOFError, OSError):
            server.should_exit = True

    threading.Thread(target=watch, daemon=True).start()
    pipe.send(listener.getsockname()[1])
    server.run(sockets=[listener])


def measure(lines: int, folder: Path) -> dict[str, float]:
    """Load the ledger twice; rows, CPU seconds, memory, and what the second run brought."""
    from finance_hub import ingestion, settings, warehouse
    from sandbox.connections import connections_toml

    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=serve, args=(theirs, lines, folder), daemon=True)
    process.start()
    theirs.close()
    url = f"http://127.0.0.1:{ours.recv()}"
    home = folder / "home"
    home.mkdir()
    (home / "hub.toml").write_text(f'reporting_currency = "USD"\nas_of_date = "2026-06-30"\n{connections_toml(url)}')
    found = settings.load(home, {})
    warehouse.prepare(found)
    connection = found.connections["netsuite_ledger"]
    before, began = time.process_time(), time.monotonic()
    staged = ingestion.extract(found, connection)
    extracted = time.process_time() - before
    loaded = ingestion.load(found, staged)
    cpu, wall = time.process_time() - before, time.monotonic() - began
    again = ingestion.load(found, ingestion.extract(found, connection))
    with warehouse.reading(found.warehouse) as database:
        rows, total, debit, transactions = database.execute("""
            select count(*), sum(amount), sum(debit), count(distinct transaction) from netsuite.transactionaccountingline
        """).fetchone()
        heads, other = database.execute(
            "select (select count(*) from netsuite.transaction), (select count(*) from netsuite.transactionline)"
        ).fetchone()
    expected = sum((number % 9973 + 1) for number in range(lines) if number % 4 < 3)  # cents
    if (rows, total, transactions, heads, other) != (lines, 0, lines // 4, lines // 4, lines) or debit * 100 != expected:
        raise SystemExit(
            f"{rows} lines of {transactions} transactions, {debit} debit, {total} in all; {heads} heads, {other} lines"
        )
    ours.close()
    process.join(timeout=10)
    return {
        "lines": lines,
        "rows": loaded.total,
        "cpu": cpu,
        "extract_cpu": extracted,
        "wall": wall,
        "rows_per_cpu_second": loaded.total / cpu,
        "peak_mb": peak_mb(),
        "rows_of_the_second_run": again.total,
    }


def main() -> None:
    """Measure and print as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=500_000, help="accounting lines, a multiple of four")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        print(json.dumps(measure(wanted.lines, Path(folder)), indent=1))


if __name__ == "__main__":
    main()
