"""How fast, and in how much memory, a large ledger is read. CPU seconds of a process of its own, so that others do not count."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.database.conftest import Hub
from tests.database.server import Server

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]
ROOT = Path(__file__).parents[2]
LINES = 300_000
BAR = {"odbc": 40_000, "jdbc": 20_000}
SCRIPT = """
import json, re, sys, time
from pathlib import Path
from dlt_sources.catalog import SYSTEMS
from dlt_sources.database import client, records
from dlt_sources.database.mapping import read_mapping
from dlt_sources.database.reading import Reading
from dlt_sources.records import Archive
from finance_hub import ingestion, settings
import dlt

home, rows = Path(sys.argv[1]), 0
found = settings.load(home, {})
connection = ingestion.open_connection(found, found.connections["erp"])
mapping = read_mapping(home / "mapping.toml")
with client(connection, mapping) as database:
    reading = Reading("erp", database, records.JOURNAL_LINES, mapping.records["journal_lines"], "UTC")
    reading.first_row()  # libraries are loaded
    began = time.process_time()
    state = {}
    for item in reading.read(Archive(home / "archive", "database", "erp"), state):
        rows += getattr(item, "data", item).num_rows
    spent = time.process_time() - began
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])  # that of getrusage is the parent's too
print(json.dumps({"rows": rows, "seconds": spent, "megabytes": peak / 1024}))
"""
MAPPING = """
[journal_lines]
query = "select * from lines where id <= {rows}"
cursor = "changed"
columns.line_key = "id"
columns.journal_id = "journal"
columns.line_number = "nr"
columns.posting_date = "day"
columns.account_id = "account"
columns.amount = "amount"
columns.changed_at = "changed"
columns.transaction_amount = "foreign_amount"
columns.transaction_currency = "currency"
columns.document_type = "kind"
columns.document_id = "document"
columns.document_number = "number"
columns.party_id = "party"
columns.department = "department"
columns.campaign = "campaign"
columns.tax_code = "tax"
columns.description = "note"
columns.created_by = "author"
columns.is_adjustment_period = "adjustment"
constants.ledger_id = "1"
constants.functional_currency = "EUR"
"""


@pytest.fixture(scope="module")
def large(server: Server) -> Server:
    server.sql(f"""
        create table lines as select n as id, 'B-' || n / 3 as journal, n % 3 as nr, date '2024-01-01' + n % 700 as day,
            timestamptz '2024-01-01 00:00+00' + n * interval '1 minute' as changed, (1000 + n % 400)::text as account,
            ((n % 99991) * (n % 2 * 2 - 1) / 100.0)::numeric(18, 2) as amount, 'EUR'::char(3) as currency,
            ((n % 99991) / 100.0)::numeric(18, 2) as foreign_amount, 'invoice'::varchar(20) as kind, 'doc-' || n / 6 as document,
            'R' || n / 6 as number, 'party-' || n % 500 as party, case when n % 4 = 0 then 'sales' end::varchar(40) as department,
            case when n % 9 = 0 then 'campaign-' || n % 20 end as campaign, 'V19' as tax,
            'Line ' || n || ' of a journal that somebody wrote' as note, 'anna' as author, false as adjustment
        from generate_series(1, {LINES}) n;
        grant select on lines to leser;""")
    return server


def measure(hub: Hub, rows: int) -> dict[str, float]:
    (hub.home / "mapping.toml").write_text(MAPPING.format(rows=rows))
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(hub.home)], cwd=ROOT, env=os.environ, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    told: dict[str, float] = json.loads(ran.stdout)
    return told


@pytest.mark.parametrize("driver", sorted(BAR))
def test_a_large_ledger_is_read_fast_and_in_bounded_memory(large: Server, hub: Hub, driver: str) -> None:
    hub.connect(MAPPING, erp=large.settings(driver))
    part, whole = measure(hub, LINES // 4), measure(hub, LINES)
    speed = LINES / whole["seconds"]
    print(
        f"{driver}: {speed:,.0f} rows a CPU second; {part['megabytes']:.0f} MB for a quarter, {whole['megabytes']:.0f} MB for all"
    )
    assert whole["rows"] == LINES + 1, "and the extraction's own row"
    assert speed > BAR[driver]
    assert whole["megabytes"] < part["megabytes"] + 60
