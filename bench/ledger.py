"""The ledger of a simulated group and its plans, built and read.

The models against the same SELECTs bare, a build after changes, what variances and forecasts take of it, and pages of a report.
All five accounting systems and four planning tools are read through their emulators first, which takes most of the time: some twenty seconds
for each unit of scale.
Ratios are of one run. A page is one query as a statement, an ageing or a ledger page asks it, on the published snapshot.

    python bench/ledger.py                 ten times the demo's company
    python bench/ledger.py --scale 100     about six million lines
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table as Shown

from finance_hub import ingestion, models, publish, settings, views, warehouse
from finance_hub.settings import Settings
from sandbox.company import simulate
from sandbox.connections import connections_toml
from sandbox.server import RunningSandbox
from sandbox.server import Shown as Company

AS_OF = date(2026, 6, 30)
SYSTEMS = {"sap", "oracle_fusion", "netsuite", "quickbooks", "xero", "adaptive", "anaplan", "planguru", "vena", "ecb"}
PARTS = {
    "variances and what drives them": ("core.fct_variance", "marts.planning"),
    "forecasts and their back-test": ("core.fct_forecast", "core.fct_forecast_level", "marts.forecast"),
}
"""Parts of a build, by the folders or names of their models."""
DAYS = 10
"""Time that passes before the second build: about one line of a hundred is new or changed then."""
ASKED = 20
"""How often each page is asked, each time for another entity, month or account."""
PAGES = {
    "profit and loss of a year": "from profit_and_loss where entity_id = $entity_id and period_month between $month - interval 11 month and $month",
    "balance sheet": "from balance_sheet where entity_id = $entity_id and period_month = $month",
    "cash flow of a year": "from cash_flow where entity_id = $entity_id and period_month between $month - interval 11 month and $month",
    "trial balance": "from trial_balance where entity_id = $entity_id and period_month = $month",
    "consolidated profit and loss": "from consolidated_profit_and_loss where period_month between $month - interval 11 month and $month",
    "consolidated balance sheet": "from consolidated_balance_sheet where period_month = $month",
    "consolidated cash flow": "from consolidated_cash_flow where period_month = $month",
    "ageing by party": "select party_id, bucket, sum(open_func) from ar_ap_aging where entity_id = $entity_id group by all order by all",
    "open documents, largest first": "from ar_ap_aging where entity_id = $entity_id order by open_func desc limit 100",
    "ledger: an account's month": "from general_ledger where entity_id = $entity_id and account_code = $account_code and period_month = $month order by posting_date limit 100",
    "ledger: a document": "from general_ledger where document_id = $document_id",
    "ledger: largest of a month": "from general_ledger where entity_id = $entity_id and period_month = $month order by abs(amount_func) desc limit 100",
    "ledger: words": "from general_ledger where entity_id = $entity_id and period_month = $month and description ilike '%' || $account_code || '%' limit 100",
    "variances of a month": "from budget_variance where entity_id = $entity_id and period_month = $month and comparison = 'budget_current'",
    "variances, largest first": "from budget_variance where period_month = $month and is_material order by abs(variance_rpt) desc limit 100",
    "an account's variances": "from budget_variance where entity_id = $entity_id and account_code = $account_code order by period_month",
    "what drives variances": "from variance_driver where entity_id = $entity_id and period_month = $month",
    "costs and their trend": "from cost_monitoring where entity_id = $entity_id and period_month = $month",
    "price, volume, mix": "from price_volume_mix where entity_id = $entity_id and period_month = $month",
    "costs flexed": "from cost_variance where entity_id = $entity_id and period_month = $month",
    "forecast of an entity": "from forecast where is_latest and entity_id = $entity_id and forecast_level = 'account'",
}


def connect(home: Path, url: str) -> Settings:
    """Settings that point at the sandbox's accounting systems."""
    home.mkdir()
    (home / "hub.toml").write_text(f'reporting_currency = "USD"\nas_of_date = "{AS_OF}"\n{connections_toml(url, SYSTEMS)}')
    found = settings.load(home, {})
    warehouse.prepare(found)
    return found


def extract(found: Settings) -> int:
    """Read and load what every connection has; returns the rows."""
    return sum(ingestion.load(found, ingestion.extract(found, each)).total for each in found.connections.values())


def build(found: Settings) -> tuple[float, Path]:
    """Build all models as a run does, without their tests; returns the seconds and the folder of dbt's results."""
    manifest = json.loads(models.manifest(found.home).read_bytes())
    target = models.run_folder(found.home)
    began = time.monotonic()
    plain = views.of(manifest)
    with warehouse.writing(found.warehouse) as database:
        views.make(database, plain)
    left = ["--exclude-resource-type=test", "--exclude-resource-type=unit_test", "--exclude", views.criteria(manifest, plain)]
    models.run(found.home, target, "build", *left)
    return time.monotonic() - began, target


def bare(found: Settings, target: Path) -> float:
    """Seconds of the same SELECTs, one after the other, each into a table that nobody keeps; Python models count as dbt ran them."""
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    ran = json.loads((target / "run_results.json").read_text())["results"]
    total = 0.0
    with warehouse.reading(found.warehouse) as database:
        for result in ran:
            node = nodes[result["unique_id"]]
            if node["resource_type"] != "model" or node["config"]["materialized"] == "view":
                continue
            if node["language"] != "sql":
                total += result["execution_time"]
                continue
            sql = (target / "compiled" / node["package_name"] / node["original_file_path"]).read_text()
            began = time.monotonic()
            database.execute(f"create or replace temp table bare as ({sql})")
            total += time.monotonic() - began
    return total


def parts(target: Path) -> dict[str, float]:
    """Seconds that dbt took for the models of each part."""
    nodes = json.loads((target / "manifest.json").read_text())["nodes"]
    ran = json.loads((target / "run_results.json").read_text())["results"]
    took = dict.fromkeys(PARTS, 0.0)
    for result in ran:
        name = ".".join(nodes[result["unique_id"]]["fqn"][1:])
        for part, folders in PARTS.items():
            if any(name == folder or name.startswith(f"{folder}.") for folder in folders):
                took[part] += result["execution_time"]
    return took


def pages(snapshot: Path) -> Iterator[tuple[str, list[float]]]:
    """Milliseconds of every page, asked again and again."""
    chance = random.Random(1)
    with warehouse.reading(snapshot) as database:
        database.execute("use marts")
        answer = database.execute("""
            select entity_id, period_month as month, account_code, any_value(document_id) as document_id from general_ledger
            where document_id is not null group by all order by all
        """)
        names = [column[0] for column in answer.description]
        asked = [dict(zip(names, row, strict=True)) for row in chance.sample(answer.fetchall(), ASKED)]
        for title, sql in PAGES.items():
            took = []
            for values in asked:
                known = {name: value for name, value in values.items() if f"${name}" in sql}
                began = time.perf_counter()
                database.execute(sql, known).fetchall()
                took.append((time.perf_counter() - began) * 1000)
            yield title, took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=10, help="size of the company; 1 is the demo's")
    wanted = parser.parse_args()
    console = Console()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        company = Path(folder) / "company.duckdb"
        with console.status(f"Simulating a company of scale {wanted.scale:g}"):
            simulate(company, scale=wanted.scale, as_of=AS_OF)
        with RunningSandbox(Company(company=company, limits=False)) as running:
            found = connect(Path(folder) / "home", running.url)
            began = time.monotonic()
            with console.status("Reading its accounting systems and plans"):
                rows = extract(found)
            console.print(f"{rows:,} rows read and loaded in {time.monotonic() - began:.0f} s.")
            with console.status("Building the models, and the same SELECTs bare"):
                full, target = build(found)
                selects, of_parts = bare(found, target), parts(target)
            with warehouse.reading(found.warehouse) as database:
                (lines,) = database.execute("select count(*) from core.fct_gl_line").fetchone() or (0,)
            httpx.post(f"{running.url}/_sandbox/advance", json={"days": DAYS}, timeout=600).raise_for_status()
            with console.status("Building again after changes"):
                changed = extract(found)
                again, _ = build(found)
        console.print(
            f"{lines:,} lines: a full build takes {full:.1f} s, its SELECTs bare {selects:.1f} s: {full / selects:.2f} x."
        )
        for part, seconds in of_parts.items():
            console.print(f"Of it {part}: {seconds:.1f} s.")
        console.print(
            f"After {changed:,} changed rows ({changed / rows:.1%}) a build takes {again:.1f} s: {again / full:.0%} of a full one."
        )
        table = Shown("page", "median ms", "p95 ms")
        every = []
        for title, took in pages(publish.publish(found)):
            every += took
            table.add_row(title, f"{statistics.median(took):.0f}", f"{statistics.quantiles(took, n=20)[-1]:.0f}")
        table.add_section()
        table.add_row("all", f"{statistics.median(every):.0f}", f"{statistics.quantiles(every, n=20)[-1]:.0f}")
        console.print(table)


if __name__ == "__main__":
    main()
