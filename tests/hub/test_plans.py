"""Plans of a tool beside the books that hold copies of them: which is followed, what it is compared with, and what nobody may change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from finance_hub import plans, warehouse
from finance_hub.settings import Settings
from sandbox.server import RunningSandbox, Shown
from sandbox.vendors.planguru import BY_YEAR
from tests.dbt import build
from tests.sandbox.hub import Hub

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(900)]
MODELS = ("+budget_variance", "+fct_plan_driver", "+fct_target", "+fct_plan_change")
TOOLS = ("adaptive_us", "anaplan_group", "planguru_bf", "vena_uk")
PLANNED = """
    select entity.name as entity_name, budget.name as budget_name, account_code, month, sum(line.amount) as amount
    from meridian.company.budget join meridian.company.entity using (entity_id) join meridian.company.budget_line as line using (budget_id)
    where created_at <= timestamp '2026-06-30 23:59:59' group by all
"""
SPREAD = f"entity_name = 'BrightForms LLC' and account_code in {BY_YEAR} and not starts_with(budget_name, 'Reforecast')"
"""Lines of plans that are planned by the year: the tool spreads them over the months in its own way."""


class Planned:
    """A hub of entities that plan in tools, and the company beside it."""

    def __init__(self, hub: Hub, company: Path) -> None:
        self.hub, self.company = hub, company

    @property
    def settings(self) -> Settings:
        return self.hub.settings

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the warehouse, with the company as `meridian`."""
        with warehouse.reading(self.settings.warehouse) as database:
            database.execute(f"attach '{self.company}' as meridian (read_only)")
            return database.execute(sql).fetchall()


@pytest.fixture(scope="module")
def running(meridian: Path) -> Iterator[RunningSandbox]:
    with RunningSandbox(Shown(company=meridian, limits=False)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def planned(running: RunningSandbox, meridian: Path, tmp_path_factory: pytest.TempPathFactory) -> Planned:
    systems = {"netsuite", "sap", "oracle_fusion", "quickbooks", "xero", "adaptive", "anaplan", "planguru", "vena", "ecb"}
    hub = Hub(tmp_path_factory.mktemp("plans"), running.url, systems)
    hub.load()
    build(hub.settings, *MODELS)
    return Planned(hub, meridian)


def test_every_version_is_in_the_plan_to_the_cent_and_the_copies_of_the_books_are_not_followed(planned: Planned) -> None:
    wrong = planned.query(f"""
        with planned as ({PLANNED}),
        followed as (
            select entity_name, budget_name, ltrim(account_code, '0') as account_code, period_month as month, amount_func as amount
            from core.fct_plan_line join core.dim_entity using (entity_id) where is_followed and department_name = 'all'
        )
        select * from planned full join followed using (entity_name, budget_name, account_code, month)
        where planned.amount is distinct from followed.amount and not ({SPREAD}) limit 5
    """)
    assert wrong == []
    years = planned.query(f"""
        with planned as ({PLANNED}),
        followed as (
            select entity_name, budget_name, account_code, sum(amount_func) as amount, count(*) as months, min(phasing_method) as phasing_method
            from core.fct_plan_line join core.dim_entity using (entity_id) where source_kind = 'tool' and department_name = 'all' and {SPREAD} group by all
        ),
        by_year as (select entity_name, budget_name, account_code, sum(amount) as amount from planned where {SPREAD} group by all)
        select distinct by_year.amount = followed.amount, months, phasing_method from by_year full join followed using (entity_name, budget_name, account_code)
        order by all
    """)
    assert years == [(True, 12, "even"), (True, 12, "last_year")]
    kinds = planned.query(
        "select source_kind, is_followed, plan_kind, count(*) > 100 from core.fct_plan_line group by all order by all"
    )
    assert kinds == [
        ("books", False, "original", True),
        ("books", False, "reforecast", True),
        ("tool", True, "original", True),
        ("tool", True, "reforecast", True),
        ("tool", True, "what_if", True),
    ]
    assert planned.query("select count(*) from core.fct_plan_line where source_kind = 'tool' and account_id is null") == [(0,)]


def test_actuals_are_compared_with_the_tools_budget(planned: Planned) -> None:
    wrong = planned.query(f"""
        with planned as ({PLANNED}),
        compared as (
            select entity_name, comparator_version as budget_name, ltrim(account_code, '0') as account_code, period_month as month, budget
            from marts.budget_variance join core.dim_entity using (entity_id)
            where comparison = 'budget_original' and department_name = 'all' and budget is not null
        )
        select * from compared left join planned using (entity_name, budget_name, account_code, month)
        where (planned.amount is distinct from compared.budget and not ({SPREAD})) or not starts_with(budget_name, 'Budget') limit 5
    """)
    assert wrong == []
    assert planned.query("select count(*) > 1000 from marts.budget_variance where comparison = 'budget_original'") == [(True,)]


def test_drivers_of_every_version_and_what_they_really_were_are_there(planned: Planned) -> None:
    wrong = planned.query("""
        with told as (
            select entity_name, budget_name, driver, department_name, product_name, period_month as month, amount
            from core.fct_plan_driver join core.dim_entity using (entity_id)
        ),
        kept as (
            select entity.name as entity_name, budget.name as budget_name, driver, department.name as department_name, product.name as product_name,
                month, amount
            from meridian.company.plan_driver join meridian.company.budget using (budget_id) join meridian.company.entity using (entity_id)
            left join meridian.company.department using (department_id) left join meridian.company.product using (product_id)
            where budget.created_at <= timestamp '2026-06-30 23:59:59'
                and (version <> 'actuals' or last_day(month) < date '2026-06-30')
        )
        (from told except all from kept) union all (from kept except all from told) limit 5
    """)
    assert wrong == []
    assert planned.query("select count(distinct driver), count(distinct scenario) from core.fct_plan_driver") == [(3, 4)]


def test_targets_of_every_scope_are_there(planned: Planned) -> None:
    scopes = planned.query("select distinct metric, scope from core.fct_target where told_by <> 'set' order by all")
    assert scopes == [
        ("cac", "channel"),
        ("cac", "entity"),
        ("quota", "seller"),
        ("revenue", "entity"),
        ("revenue", "product"),
        ("roi", "campaign"),
    ]
    wrong = planned.query("""
        select * from core.fct_target join core.dim_entity using (entity_id) join meridian.company.entity on entity.name = dim_entity.entity_name
        left join meridian.company.target on target.entity_id = entity.entity_id and target.metric = fct_target.metric
            and target.scope = 'entity' and target.period_month = fct_target.valid_from
        where fct_target.scope = 'entity' and told_by <> 'set' and (target.amount is distinct from fct_target.amount or target.currency <> fct_target.currency)
        limit 5
    """)
    assert wrong == []


def test_a_change_of_a_locked_plan_is_found_and_an_open_one_may_change(planned: Planned, running: RunningSandbox) -> None:
    with warehouse.writing(planned.settings.warehouse) as database:
        kept = plans.keep(database)
        assert plans.keep(database) == 0, "each version once"
    (locked,) = planned.query("select count(distinct (entity_id, budget_id)) from core.fct_plan_line where is_locked")
    assert locked == (kept,)
    assert kept > 10
    build(planned.settings, "fct_plan_change")
    assert planned.query("select * from core.fct_plan_change") == []

    httpx.post(f"{running.url}/_sandbox/advance", json={"days": 20}).raise_for_status()
    planned.hub.load(*TOOLS)
    build(planned.settings, "+fct_plan_change")
    changes = planned.query("""
        select entity_name, account_code, department_name, change_kind, amount_now, amount_locked
        from core.fct_plan_change join core.fct_plan_line using (plan_line_key) join core.dim_entity on fct_plan_line.entity_id = dim_entity.entity_id
        order by all
    """)
    edits = planned.query("""
        select entity.name, account_code, department.name, 'changed', plan_edit.amount, budget_line.amount
        from meridian.company.plan_edit join meridian.company.budget_line using (budget_id, account_code, department_id, month)
        join meridian.company.budget using (budget_id) join meridian.company.entity using (entity_id) join meridian.company.department using (department_id)
    """)
    assert len(edits) == 3, "of the United States, Germany and the United Kingdom"
    assert sorted((*change[:1], change[1].lstrip("0"), *change[2:]) for change in changes if change[2] != "all") == sorted(edits)
    assert len(changes) == 2 * len(edits), "the line of the department, and the whole that holds it"
