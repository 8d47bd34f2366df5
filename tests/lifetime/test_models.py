"""The models of dbt that call the package, on customers whose figures are published."""

from __future__ import annotations

from pathlib import Path

import pytest

from finance_hub import settings, warehouse
from tests.dbt import build
from tests.lifetime.given import cdnow


@pytest.mark.heavy
def test_a_company_without_contracts_has_its_customers_predicted(tmp_path: Path) -> None:
    """CDNOW, with ages in whole days, beside ten contracts of another company of which three ended after a year."""
    found = settings.load(tmp_path, {})
    warehouse.prepare(found)
    frequency, recency, age, spend = cdnow("cdnow_customers_summary_with_transactions.csv")
    rows = [
        ("shop", f"shop|{number}", "transaction", int(x), round(seen * 7), round(until * 7), float(z) or None)
        for number, (x, seen, until, z) in enumerate(zip(frequency, recency, age, spend, strict=True))
    ]
    with warehouse.writing(found.warehouse) as database:
        database.execute("""
            create schema if not exists core;
            create table core.fct_customer_tenure (
                entity_id varchar, customer_id varchar, relationship varchar, frequency bigint, recency_days bigint, age_days bigint,
                monetary_value_rpt decimal(20, 4), is_start_known boolean, tenure_months integer, has_ended boolean
            );
            create table core.bridge_customer_channel (entity_id varchar, customer_id varchar, channel_id varchar, weight decimal(18, 12));
            insert into core.fct_customer_tenure
            select 'firm', 'firm|' || number, 'contract', 0, 0, 400, null, true, 12, number < 3 from range(10) as numbers(number);
            insert into core.bridge_customer_channel select 'firm', customer_id, 'event', 1 from core.fct_customer_tenure;
        """)
        database.executemany(
            "insert into core.fct_customer_tenure values ($1, $2, $3, $4, $5, $6, $7, true, null, null)",
            [list(row) for row in rows],
        )
    build(found, "fct_customer_prediction", "fct_survival")
    with warehouse.reading(found.warehouse) as database:
        (told,) = database.execute("""
            select count(*), any_value(r), any_value(alpha_weeks), any_value(p), sum(p_alive) / count(*)
            from core.fct_customer_prediction where status = 'ok' group by entity_id
        """).fetchall()
        curves = database.execute("""
            select channel_id, curve_of, status, survival::double, is_observed, median_months from core.fct_survival
            where tenure_months in (12, 120) order by channel_id, tenure_months
        """).fetchall()
    assert told[0] == 2357
    assert [float(figure) for figure in told[1:]] == pytest.approx([0.2426, 4.4135, 6.2488, 0.81344], rel=3e-3)
    assert [row[:3] for row in curves] == [("all", "own", "too_few_customers")] * 2 + [("event", "company", "ok")] * 2
    assert [row[3] for row in curves] == pytest.approx([0.7, 0.7**10] * 2)
    assert [row[4:] for row in curves] == [(True, None), (False, None)] * 2
