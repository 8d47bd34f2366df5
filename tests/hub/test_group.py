"""The simulated company, whose truth is known, through the hub: statements to the cent, and changes as time passes.

The last month is not compared: its closing entries are posted in the days after the as-of date.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import duckdb
import httpx
import pytest

from dlt_sources.catalog import SYSTEMS
from finance_hub import ingestion, publish, settings, warehouse
from finance_hub.defs.quality import attribution, ledger, unit_economics, variance
from finance_hub.defs.quality import ingestion as ingestion_quality
from finance_hub.expectations import CheckBrokenError, evaluate
from finance_hub.refresh import dagster_home, refresh
from finance_hub.settings import Settings
from sandbox.server import RunningSandbox, Shown
from tests.conftest import connect

AS_OF = "2026-06-30"


@pytest.fixture(scope="module")
def home(group: RunningSandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub that has read the group and published."""
    home = connect(tmp_path_factory.mktemp("group"), group.url, currency="USD", as_of=AS_OF)
    outcome = refresh(settings.load(home))
    assert outcome.problems == []
    assert outcome.checks_failed == []
    assert sum(loaded.quarantined for loaded in outcome.loaded) == 0
    return home


@pytest.fixture(scope="module")
def snapshot(home: Path, meridian: Path) -> duckdb.DuckDBPyConnection:
    """What a hub publishes of the group, with the truth attached beside it."""
    connection = duckdb.connect()
    connection.execute(f"attach '{publish.current(home)}' as hub (read_only); attach '{meridian}' as meridian (read_only); use hub")
    return connection


def test_the_profit_and_loss_is_the_true_one_to_the_cent(snapshot: duckdb.DuckDBPyConnection) -> None:
    wrong = snapshot.execute("""
        with told as (
            select period_month as month, account_code, sum(amount_func) as amount from marts.profit_and_loss
            where entity_id = 'meridian_uk_ltd' and period_month <= date '2026-05-01' group by all
        ),
        true_one as (
            select month, account_code, amount_func as amount from meridian.truth.profit_and_loss
            where entity_id = 'uk' and month <= date '2026-05-01' and amount_func <> 0
        )
        select * from (from told where amount <> 0) t full join true_one r using (month, account_code)
        where t.amount is distinct from r.amount
    """).fetchall()

    assert wrong == []


def test_the_balance_sheet_is_the_true_one_to_the_cent(snapshot: duckdb.DuckDBPyConnection) -> None:
    """Retained earnings of the system are compared in total with the profit of the closed years, elsewhere."""
    wrong = snapshot.execute("""
        with told as (
            select period_month as month, account_code,
                sum(case account_class when 'asset' then amount_func else -amount_func end) as amount
            from marts.balance_sheet where entity_id = 'meridian_uk_ltd' and period_month = date '2026-05-01' group by all
        ),
        true_one as (
            select month, account_code, amount_func as amount from meridian.truth.balance_sheet
            where entity_id = 'uk' and month = date '2026-05-01' and amount_func <> 0
        )
        select * from true_one r left join told t using (month, account_code) where t.amount is distinct from r.amount
    """).fetchall()

    assert wrong == []


CAMPAIGN_RETURNS = """
SELECT campaign_id, campaign_name,
    COUNT(DISTINCT customer_id) as customers_converted,
    SUM(revenue_amount) as total_revenue,
    SUM(revenue_amount) / COUNT(DISTINCT customer_id) as avg_revenue_per_customer,
    (SUM(revenue_amount) - SUM(campaign_cost)) / SUM(campaign_cost) * 100 as roi_percentage
FROM financial_revenue_attribution
WHERE campaign_date >= CURRENT_DATE - INTERVAL '30 days'
GROUP BY campaign_id, campaign_name
ORDER BY total_revenue DESC;
"""


def test_the_naive_query_of_campaign_returns_gives_right_sums(snapshot: duckdb.DuckDBPyConnection) -> None:
    """Unchanged it runs; over another range of days, its sums are those of the deals and of the media bills."""
    snapshot.execute(CAMPAIGN_RETURNS)
    whole = CAMPAIGN_RETURNS.replace("CURRENT_DATE - INTERVAL '30 days'", "DATE '2026-01-01'")
    told = {row[0]: row for row in snapshot.execute(whole).fetchall()}

    deals = snapshot.execute("select sum(amount_rpt) from core.fct_conversion where converted_at >= '2026-01-01'").fetchone()[0]
    assert sum(row[3] for row in told.values()) == deals
    costs = dict(
        snapshot.execute(
            "select campaign_id, sum(cost_rpt) from core.fct_campaign_cost where period_month >= '2026-01-01' group by 1"
        ).fetchall()
    )
    assert len(costs) > 5
    for campaign_id, cost in costs.items():
        row = told[campaign_id]
        assert row[5] == pytest.approx(float((row[3] - cost) / cost * 100))
    assert told["unattributed"][5] is None, "no cost, no return"


def test_the_cost_of_campaigns_is_that_of_the_true_journals(snapshot: duckdb.DuckDBPyConnection) -> None:
    """By campaign, up to the last closed month; where the platform says otherwise, the bill was voided, and both are shown."""
    wrong = snapshot.execute("""
        with told as (
            select c.campaign_name as name, sum(f.books_cost_func) as cost
            from core.fct_campaign_cost f join core.dim_campaign c using (entity_id, campaign_id)
            where f.period_month <= '2026-05-01' group by 1 having sum(f.books_cost_func) <> 0
        ),
        true_one as (
            select case when c.renamed_at < '2026-07-01' then c.renamed_to else c.name end as name, sum(l.amount_func) as cost
            from meridian.company.journal_line l
            join meridian.company.journal j using (journal_id)
            join meridian.company.campaign c using (campaign_id)
            where c.entity_id = 'uk' and j.journal_date < '2026-06-01' group by 1 having sum(l.amount_func) <> 0
        )
        select * from told full join true_one using (name) where told.cost is distinct from true_one.cost
    """).fetchall()
    assert wrong == []

    differences = snapshot.execute("""
        select count(*) filter (platform_cost_func <> books_cost_func), count(*) from core.fct_campaign_cost
        where period_month <= '2026-05-01' and platform_cost_func is not null
    """).fetchone()
    assert 0 < differences[0] < differences[1] / 20


def test_attribution_finds_the_customers_that_campaigns_really_won(snapshot: duckdb.DuckDBPyConnection) -> None:
    """Every won deal is there once, with its customer of the books, and each model's credit is its revenue to the cent."""
    deals, matched, revenue = snapshot.execute(
        "select count(*), count(customer_id), sum(amount_rpt) from core.fct_conversion"
    ).fetchone()
    won = snapshot.execute(
        "select count(*) from meridian.company.opportunity where entity_id = 'uk' and kind = 'new' and outcome = 'won' and closed_at < '2026-07-01'"
    ).fetchone()[0]
    assert deals == won
    unmatched = snapshot.execute(
        "select deal_name from core.fct_conversion where customer_id is null and converted_at < '2026-06-01'"
    )
    assert unmatched.fetchall() == [], "the books know every customer, once the first invoice is out"
    assert deals - matched <= 3
    credit = snapshot.execute("select attribution_model, sum(credit_amount_rpt) from revenue_attribution group by 1").fetchall()
    assert dict(credit) == dict.fromkeys(("first", "last", "linear"), revenue)


DAMAGE = {
    "journals_balance": "update core.fct_gl_line set amount_func = amount_func + 0.01 where gl_line_key = (select min(gl_line_key) from core.fct_gl_line)",
    "no_line_is_lost": "delete from core.fct_gl_line where journal_id = (select min(journal_id) from core.fct_gl_line)",
    "every_line_has_an_account": "delete from core.dim_account where account_id = (select min(account_id) from core.fct_gl_line)",
    "rates_are_complete": "update core.fct_fx_rate set fx_status = 'missing_rate', average_rate = null where period_month = '2026-01-01'",
    "trial_balance_is_zero": "update marts.trial_balance set debit_func = debit_func + 1, amount_func = amount_func + 1 where period_month = '2026-01-01' and account_code = '6100'",
    "balance_sheet_balances": "update marts.balance_sheet set amount_rpt = amount_rpt + 0.01 where period_month = '2026-01-01' and account_id = 'current_year_earnings'",
    "statements_tie": "update marts.profit_and_loss set amount_func = amount_func + 0.01 where period_month = '2026-01-01' and account_code = '6100'",
    "subledgers_tie": "update marts.subledger_tie set difference = 2",
    "weights_sum_to_one": "update marts.revenue_attribution set weight = weight / 2 where conversion_id = (select min(conversion_id) from core.fct_conversion)",
    "credit_is_the_revenue": "delete from marts.revenue_attribution where attribution_model = 'last' and conversion_id = (select min(conversion_id) from core.fct_conversion)",
    "cost_is_that_of_the_books": "delete from core.fct_campaign_cost where campaign_id = 'unassigned'",
    "books_and_platform_agree": "update core.fct_campaign_cost set platform_cost_func = platform_cost_func * 1.1",
    "every_campaign_has_a_return": "delete from marts.campaign_roi where campaign_id = (select min(campaign_id) from core.fct_campaign_cost)",
    "returns_recomputed": "update marts.campaign_roi set roi_pct = roi_pct + 1 where roi_status = 'ok'",
    "money_facts_reconcile": "insert into marts.financial_revenue_attribution from marts.financial_revenue_attribution where campaign_cost is not null limit 1",
    "deals_have_a_customer": "update core.fct_conversion set customer_id = null where converted_at < '2025-01-01'",
    "acquisition_cost_recomputed": "update marts.unit_economics set acquisition_cost = acquisition_cost + 100 where channel = 'all' and period_month = '2026-01-01'",
    "cac_recomputed": "update marts.unit_economics set cac = cac * 1.01 where channel = 'all'",
    "ltv_recomputed": "update marts.unit_economics set ltv = ltv * 1.01",
    "channels_add_up": "update marts.unit_economics set leads = leads + 1 where channel = 'all' and period_month = '2026-01-01'",
    "plans_are_complete": "delete from core.fct_plan_line where plan_line_key = (select min(plan_line_key) from core.fct_plan_line where amount_func <> 0)",
    "actuals_are_those_of_the_ledger": "update marts.budget_variance set actual = actual + 1, variance_abs = variance_abs + 1 where period_month = '2026-01-01'",
    "variances_recomputed": "update marts.budget_variance set variance_abs = variance_abs + 1 where period_month = '2026-01-01'",
    "every_rule_was_evaluated": "delete from marts.alert where rule_id = 'cac_over_target'",
    "archive_is_what_was_received": "update xero.extraction set documents_received = documents_received + 1 where table_name = 'invoices'",
    "raw_is_what_was_received": "update xero.invoice_lines set line_amount = line_amount + 0.01 where line_item_id = (select min(line_item_id) from xero.invoice_lines)",
    "staging_is_what_is_raw": "create or replace view staging.stg_hubspot__contacts as select * from hubspot.contacts limit 5",
    "no_load_was_cut_off": "update hubspot.contacts set _dlt_load_id = 'dead' where id = (select min(id) from hubspot.contacts)",
    "little_was_set_aside": "update xero.extraction set documents_quarantined = 30 where table_name = 'journals'",
    "vendors_send_what_is_declared": "update xero.extraction set undeclared_fields = 'Novelty' where table_name = 'journals'",
    "sources_are_fresh": "update marts.source_freshness set is_stale = true where system = 'xero'",
}
CHECKS = {
    check.name: check for domain in (attribution, ingestion_quality, ledger, unit_economics, variance) for check in domain.CHECKS
}


@pytest.fixture(scope="module")
def damaged(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, duckdb.DuckDBPyConnection]]:
    """A copy of the warehouse to damage, under the warehouse's own name."""
    found = settings.load(home)
    copy = tmp_path_factory.mktemp("damaged") / found.warehouse.name
    shutil.copyfile(found.warehouse, copy)
    with warehouse.writing(copy) as database:
        yield found, database


@pytest.mark.parametrize("name", sorted(CHECKS))
def test_every_check_passes_and_fires_on_its_fault(name: str, damaged: tuple[Settings, duckdb.DuckDBPyConnection]) -> None:
    found, database = damaged
    assert evaluate(CHECKS[name], found, database).passed
    database.execute("begin")
    try:
        database.execute(DAMAGE[name])
        verdict = evaluate(CHECKS[name], found, database)
    finally:
        database.execute("rollback")
    assert not verdict.passed
    assert verdict.failed_rows > 0
    assert "rows: " in verdict.measured, "it says which rows"


def test_a_check_that_is_wrong_itself_is_not_taken_for_bad_data(damaged: tuple[Settings, duckdb.DuckDBPyConnection]) -> None:
    found, database = damaged
    with pytest.raises(CheckBrokenError, match="nowhere"):
        evaluate(replace(CHECKS["cac_recomputed"], query="from nowhere"), found, database)
    typo = replace(CHECKS["weights_sum_to_one"], expectations=lambda expect: [expect.ExpectColumnValuesToBeUnique(column="wieght")])
    with pytest.raises(CheckBrokenError, match="wieght"):
        evaluate(typo, found, database)


def test_a_figure_of_a_mart_leads_back_by_columns_to_the_field_that_the_vendor_sent(home: Path) -> None:
    """Column lineage as the orchestrator recorded it in the run."""

    def parents(asset: tuple[str, ...], column: str) -> set[tuple[tuple[str, ...], str]]:
        event = instance.get_latest_materialization_event(dg.AssetKey(asset))
        lineage = event.asset_materialization.metadata["dagster/column_lineage"].lineage if event else None
        found = lineage.deps_by_column.get(column, []) if lineage else []
        return {(tuple(dep.asset_key.path), dep.column_name) for dep in found}

    with dg.DagsterInstance.from_config(str(dagster_home(home))) as instance:
        seen, front = set(), {(("marts", "profit_and_loss"), "amount_func")}
        while front:
            seen |= front
            reached = {parent for one in front if one[0][0] not in SYSTEMS for parent in parents(*one)}
            front = reached - seen
    assert (("xero", "journal_lines"), "net_amount") in seen


def _raw(home: Path) -> dict[str, list[tuple[object, ...]]]:
    """The content of every raw table, without what differs by run: load ids, page ids, logs of extraction."""
    found = settings.load(home)
    content = {}
    with warehouse.reading(found.warehouse) as database:
        tables = database.execute("""
            select table_schema, table_name from information_schema.tables
            where table_schema in (select distinct system from hub.source_runs) and table_name not like '\\_dlt%' escape '\\'
              and table_name not in ('extraction', 'quarantine')
        """).fetchall()
        for schema, table in tables:
            columns = "* exclude (_dlt_load_id, _page_id)"
            gone = ""
            if schema == "quickbooks" and table.startswith("transaction"):
                key = "id" if table == "transactions" else "transaction_id"
                gone = f"where (transaction_type, {key}) not in (select (entity, id) from quickbooks.deletions)"
            content[f"{schema}.{table}"] = database.execute(
                f'select {columns} from "{schema}"."{table}" {gone} order by all'
            ).fetchall()
    # What QuickBooks has deleted stays, and is named there: who comes later sees neither.
    del content["quickbooks.deletions"]
    return content


def _load_all(home: Path) -> dict[str, int]:
    found = settings.load(home)
    warehouse.prepare(found)
    rows: dict[str, int] = {}
    for connection in found.connections.values():
        rows |= ingestion.load(found, ingestion.extract(found, connection)).rows
    return rows


def test_after_time_passes_only_changes_travel_and_the_result_is_that_of_a_full_load(meridian: Path, tmp_path: Path) -> None:
    with RunningSandbox(Shown(company=meridian, limits=False)) as running:
        incremental = connect(tmp_path / "incremental", running.url, as_of=AS_OF)
        first = _load_all(incremental)
        httpx.post(f"{running.url}/_sandbox/advance", json={"days": 20})
        second = _load_all(incremental)
        full = connect(tmp_path / "full", running.url, as_of=AS_OF)
        # The consents' refresh tokens were used up by the other hub, long ago: this one takes over what it keeps.
        shutil.copytree(incremental / "tokens", full / "tokens")
        shutil.copy(incremental / "tokens.key", full)
        _load_all(full)

    assert 0 < second["journals"] < first["journals"] / 10
    assert 0 < second["invoices"] < first["invoices"] / 5
    ours, theirs = _raw(incremental), _raw(full)
    assert ours.keys() == theirs.keys()
    assert {table: "differs" for table in ours if ours[table] != theirs[table]} == {}
