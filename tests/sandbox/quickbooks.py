"""What the tests of QuickBooks share: consent, calls, homes, and the ledger that the models make of what was read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import httpx

from finance_hub import ingestion, settings, warehouse
from finance_hub.ingestion import Loaded
from finance_hub.settings import Settings
from tests import dbt
from tests.conftest import connect

CLIENT = ("sandbox-client", "sandbox-secret")
BACK = "http://localhost:8770/callback"
LEDGER = tuple(
    f"int_quickbooks_{each}" for each in ("gl_lines_conformed", "gl_quarantined", "documents_conformed", "payments_conformed")
)
"""What `build` makes, with all that it is made of."""
SAMPLE_REALM = "4620816365000000001"


def keys(url: str) -> dict[str, str]:
    """The connection's settings."""
    found: dict[str, dict[str, str]] = httpx.get(f"{url}/_sandbox/connections").json()
    return next(each for each in found.values() if each["system"] == "quickbooks")


def consent(url: str, environment: str = "") -> dict[str, Any]:
    """Tokens of a consent of its own: homes that share one would use up each other's."""
    query = {
        "client_id": CLIENT[0],
        "response_type": "code",
        "redirect_uri": BACK,
        "scope": "com.intuit.quickbooks.accounting",
        "state": "s",
    }
    answer = httpx.get(f"{url}/quickbooks{environment}/connect/oauth2", params=query)
    back = parse_qs(urlsplit(answer.headers["location"]).query)
    form = {"grant_type": "authorization_code", "code": back["code"][0], "redirect_uri": BACK}
    tokens: dict[str, Any] = httpx.post(f"{url}/quickbooks{environment}/oauth2/v1/tokens/bearer", data=form, auth=CLIENT).json()
    return tokens | {"realmId": back["realmId"][0]}


class Api:
    """Plain calls with a token of the environment's."""

    def __init__(self, url: str, environment: str = "") -> None:
        tokens = consent(url, environment)
        self.realm = tokens["realmId"]
        self.client = httpx.Client(
            base_url=f"{url}/quickbooks{environment}/v3/company/{self.realm}/",
            headers={"Authorization": f"Bearer {tokens['access_token']}", "Accept": "application/json"},
            timeout=30,
        )

    def query(self, statement: str) -> httpx.Response:
        return self.client.get("query", params={"query": statement, "minorversion": "75"})

    def changes(self, entities: str, since: str) -> httpx.Response:
        return self.client.get("cdc", params={"entities": entities, "changedSince": since})


def home(folder: Path, url: str, environment: str = "", **more: str) -> Settings:
    """A prepared home with a consent of its own, at the company or, in the sandbox environment, at the sample company."""
    toml = connect(folder, url, as_of="2026-06-30", only={"quickbooks"}) / "hub.toml"
    tokens = consent(url, environment)
    written = re.sub(r'refresh_token = ".*"', f'refresh_token = "{tokens["refresh_token"]}"', toml.read_text())
    if environment:
        written = re.sub(r'realm_id = ".*"', f'realm_id = "{tokens["realmId"]}"', written)
        written = written.replace("/quickbooks", f"/quickbooks{environment}")
    for name, value in more.items():
        written = re.sub(rf"(?m)^{name} = .*\n", "", written) + f"{name} = {value}\n"
    toml.write_text(written)
    found = settings.load(folder)
    warehouse.prepare(found)
    return found


def load(found: Settings) -> Loaded:
    return ingestion.load(found, ingestion.extract(found, found.connections["quickbooks_bf"]))


def build(found: Settings) -> None:
    """Make the ledger of what has been read until now."""
    dbt.build(found, *(f"+{model}" for model in LEDGER))


@contextmanager
def reading(found: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that sees the raw tables as schema ``quickbooks``; once built, ``gl`` is the ledger."""
    with warehouse.reading(found.warehouse) as database:
        if database.execute(f"select count(*) from duckdb_views() where view_name = '{LEDGER[0]}'").fetchone() == (1,):
            database.execute(f"create temp view gl as from intermediate.{LEDGER[0]}")
        yield database


def ask(found: Settings, sql: str, *, meridian: Path | None = None) -> list[tuple[Any, ...]]:
    """Rows of a query on the raw tables and the ledger."""
    with reading(found) as database:
        if meridian:
            database.execute(f"attach '{meridian}' as meridian (read_only)")
        return database.execute(sql).fetchall()


def wrong_months(found: Settings, meridian: Path, recorded_until: str) -> list[tuple[Any, ...]]:
    """Accounts and months whose sum in the ledger, as it was built last, is not that of the company's journals."""
    return ask(
        found,
        f"""
        with told as (
            select accounts.acct_num as account_code, date_trunc('month', gl.posting_date)::date as month, sum(gl.amount_func) as amount
            from gl join quickbooks.accounts on gl.account_id = accounts.id group by all having sum(gl.amount_func) <> 0
        ),
        true_one as (
            select l.account_code, date_trunc('month', j.journal_date)::date as month, sum(l.amount_func) as amount
            from meridian.company.journal_line l join meridian.company.journal j using (journal_id)
            where j.entity_id = 'bf' and j.recorded_at <= timestamp '{recorded_until}' group by all having sum(l.amount_func) <> 0
        )
        select * from told full join true_one using (account_code, month) where told.amount is distinct from true_one.amount
        """,
        meridian=meridian,
    )


def living(found: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """Every raw table without what differs by run, as staging sees it: what was deleted is gone, with the parts of former versions."""
    tables = """
        select table_name, list(column_name) from information_schema.columns where table_schema = 'quickbooks'
            and table_name not like '\\_dlt%' escape '\\' and table_name not in ('extraction', 'quarantine', 'deletions') group by 1
    """
    content = {}
    with reading(found) as database:
        for table, columns in database.execute(tables).fetchall():
            condition = "true"
            if "transaction_id" in columns:
                condition = """
                    (transaction_type, transaction_id, _dlt_load_id) in (select (transaction_type, id, _dlt_load_id) from quickbooks.transactions)
                    and (transaction_type, transaction_id) not in (select (entity, id) from quickbooks.deletions)
                """
            elif table == "transactions":
                condition = "(transaction_type, id) not in (select (entity, id) from quickbooks.deletions)"
            sql = f'select * exclude (_dlt_load_id, _page_id) from quickbooks."{table}" where {condition} order by all'
            content[table] = database.execute(sql).fetchall()
    return content
