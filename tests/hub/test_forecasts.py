"""Forecasts of a company whose future is known: simulated half a year on, read by a hub that sees it up to a day."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path

import pytest

from finance_hub import scorecard, scorecard_forecast, warehouse
from finance_hub.scorecard_forecast import ForecastScore
from sandbox.company import simulate
from sandbox.server import RunningSandbox, Shown
from tests.dbt import build
from tests.sandbox.hub import Hub

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]
SYSTEMS = {"sap", "oracle_fusion", "netsuite", "quickbooks", "xero", "anaplan", "ecb"}
Scores = dict[tuple[str, str, str], ForecastScore]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("future") / "future.duckdb"
    simulate(path, scale=0.35, as_of=date(2026, 6, 30), horizon_days=184)
    return path


@pytest.fixture(scope="module")
def forecasting(company: Path, tmp_path_factory: pytest.TempPathFactory) -> Hub:
    with RunningSandbox(Shown(company=company, limits=False)) as running:
        hub = Hub(tmp_path_factory.mktemp("forecasting"), running.url, SYSTEMS)
        hub.load()
    build(hub.settings, "+forecast_measure", "+cash_forecast")
    return hub


@pytest.fixture(scope="module")
def scores(forecasting: Hub, company: Path) -> Scores:
    with closing(scorecard.attach(forecasting.settings.warehouse, company)) as database:
        return {(each.measure, each.level, each.span): each for each in scorecard_forecast.forecasts(database)}


def test_whole_years_and_the_next_month_are_foreseen(scores: Scores) -> None:
    for span in ("back-test", "to come"):
        assert scores["A1", "group", span].value >= 0.95
        assert scores["A2", "group", span].value >= 0.95
        assert scores["A2", "company", span].value >= 0.90
        assert scores["A2", "account", span].value >= 0.88
    assert scores["A1", "group", "to come"].cases == 2


def test_the_year_before_is_beaten_on_every_level(scores: Scores) -> None:
    for (measure, level, span), each in scores.items():
        if each.naive is not None:
            assert each.value > each.naive, (measure, level, span)


def test_months_lie_within_their_bounds(scores: Scores) -> None:
    assert 0.93 <= scores["A4", "account", "to come"].value <= 0.985
    assert 0.93 <= scores["A4", "account", "back-test"].value <= 0.985


def test_the_hub_measures_itself_as_the_truth_does(forecasting: Hub, scores: Scores) -> None:
    told = dict(
        forecasting.query(
            "select forecast_level, value_pct::double / 100 from marts.forecast_measure where measure = 'A2' and forecast_level in ('account', 'group')"
        )
    )
    assert told["account"] == pytest.approx(scores["A2", "account", "back-test"].value, abs=0.01)
    assert told["group"] == pytest.approx(scores["A2", "group", "back-test"].value, abs=0.01)
    every = forecasting.query(
        "select measure, forecast_level, value_pct, naive_pct from marts.forecast_measure where measure <> 'A4'"
    )
    assert [row for row in every if row[2] <= row[3]] == []
    covered = forecasting.query(
        "select forecast_level, value_pct from marts.forecast_measure where measure = 'A4' and case_count > 100"
    )
    assert [row for row in covered if not 92 <= row[1] <= 98.5] == []


def test_breaches_of_the_plan_are_those_of_the_comparison_with_plans_each_once_a_quarter(forecasting: Hub) -> None:
    told = {
        level: each
        for level, *each in forecasting.query(
            "select forecast_level, case_count, breaches, value_pct::double, f1_score::double from marts.forecast_measure where measure = 'A3'"
        )
    }
    # Years that ended by May: to December, and in the United Kingdom to March; told from three quarters of each, at the rate of that time.
    compared = forecasting.query(
        """
        with years as (
            select *, case when entity_id = 'meridian_uk_ltd' then date '2026-03-01' else date '2025-12-01' end as year_end
            from core.fct_variance where comparison = 'budget_original' and department_name = 'all' and full_year_budget is not null
        ),
        rates as (select entity_id, origin_month, any_value(rate_rpt) as rate from marts.forecast where forecast_level = 'account' group by all)
        select count(*), count(*) filter (abs(ytd_variance) * rate > 2000 and abs(ytd_variance) * 100 > 10 * abs(ytd_budget))
        from years join rates using (entity_id) where period_month = year_end and date_diff('month', origin_month, year_end) in (3, 6, 9)
        """
    )
    assert compared == [tuple(told["account"][:2])]
    assert told["account"][2] >= 84
    assert told["account"][3] >= 0.58
    assert told["entity"][2] >= 85


def test_cash_of_thirteen_weeks_is_near_what_the_companies_will_have(forecasting: Hub, company: Path) -> None:
    with warehouse.reading(forecasting.settings.warehouse) as database:
        database.execute(f"attach '{company}' as meridian (read_only)")
        rows = database.execute(
            f"""
            with moved as (
                select e.entity_id, sum(l.amount_func) as net from meridian.company.journal as j join meridian.company.journal_line as l using (journal_id)
                join ({scorecard.ENTITIES.replace("hub.", "")}) as e on j.entity_id = e.true_id
                where l.account_code = '1000' and j.journal_date > date '2026-06-30' and j.journal_date <= date '2026-06-30' + 91 group by 1
            ),
            rates as (select entity_id, max_by(closing_rate, period_month) as rate from core.fct_fx_rate group by 1)
            select count(*), sum(abs(told - net) * rate) / sum(receipts * rate), count(*) filter (abs(told - net) < 0.25 * receipts)
            from (select entity_id, sum(net_func) as told, sum(customers_func) as receipts from marts.cash_forecast where period_kind = 'week' group by 1)
            join moved using (entity_id) join rates using (entity_id)
            """
        ).fetchone()
    assert rows is not None
    companies, missed, near = rows
    # The smallest company has a few dozen customers, who pay once a year: its quarter is a matter of luck.
    assert (companies, near) == (5, 4) or near == 5
    assert missed < 0.2
