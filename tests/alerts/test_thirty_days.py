"""Thirty days of a simulated company, read and judged day by day: every incident is told once, ends once, and is what the books say.

Each day loads, builds what the rules of the books need, publishes, writes down and delivers, as the job does. What it leaves out takes most
of the job's time and changes nothing here: models and checks that no rule reads, who is who and what campaigns earn where no CRM tells of
either, and the forecast on days on which no month closes, since it knows what had been entered by then.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import pytest

from finance_hub import publish
from finance_hub.alerts import Outbox, deliver
from finance_hub.alerts.notice import notice_rules
from sandbox.company import simulate
from sandbox.server import RunningSandbox, Shown
from tests.alerts.test_delivery import Receiver
from tests.dbt import build, make_views
from tests.sandbox.hub import Hub, let_pass

pytestmark = [pytest.mark.heavy, pytest.mark.timeout(2400)]
SYSTEMS = {"xero", "ecb"}
FIRST, DAYS, CLOSING_DAYS = date(2026, 6, 10), 30, 10
OF_BOOKS = (
    "+variance_driver",
    "+profit_and_loss",
    "fct_booked_month",
    "fct_forecast_level",
    "forecast",
    "budget_outlook",
    "rule_evaluation",
    "alert",
)
# What each rule comes to by the ledger's lines, the plans and the forecast of each line: told, or held, where an open incident stays.
JUDGED = """
    with movements as (
        select connection_id, account_id, account_class, account_type, period_month, sum(amount_func * natural_sign) as amount
        from core.fct_gl_line join core.dim_account using (connection_id, account_id) where is_profit_and_loss group by all
    ),
    plans as (
        select books_id as connection_id, account_id, period_month, arg_min(amount_func, (budget_updated_at, budget_id)) as budget
        from core.fct_plan_line cross join core.dim_as_of
        where is_followed and account_id is not null and department_name = 'all' and coalesce(scenario, 'budget') = 'budget'
            and budget_updated_at < as_of_date + interval 1 day
        group by all
    ),
    years as (
        select min(period_month) as year_start, max(fiscal_year_end_date) as year_end from core.dim_date
        where fiscal_year in (select fiscal_year from core.dim_date join core.dim_as_of on period_month = closed_month)
    ),
    costs as (
        select connection_id, account_id, closed_month, any_value(budget) filter (period_month = closed_month) as budget,
            coalesce(sum(amount) filter (period_month = closed_month), 0) as actual,
            sum(amount) filter (period_month between closed_month - interval 3 month and closed_month - interval 1 month) as three_months,
            count(amount) filter (period_month between closed_month - interval 3 month and closed_month - interval 1 month) as months_before,
            sum(budget) filter (period_month between year_start and year_end) as budget_of_year,
            sum(amount) filter (period_month between year_start and closed_month) as actual_of_year
        from (from movements full join plans using (connection_id, account_id, period_month))
        join (select connection_id, account_id from core.dim_account where account_class = 'expense') using (connection_id, account_id)
        cross join core.dim_as_of cross join years
        group by all
    ),
    to_come as (
        select connection_id, account_id, sum(mean_amount) as amount from core.fct_forecast_level cross join core.dim_as_of cross join years
        where forecast_level = 'line' and origin_month = closed_month and period_month <= year_end group by all
    ),
    rates as (
        select connection_id, average_rate as rate
        from core.dim_entity join core.fct_fx_rate using (entity_id) join core.dim_as_of on period_month = closed_month
    ),
    judged as (
        select connection_id || '|' || account_id as subject, costs.*, to_come.amount as to_come, rate,
            coalesce((actual - budget) * 100 > 10 * abs(budget) and budget <> 0 and (actual - budget) * rate > 2000, false) as is_over,
            coalesce(actual_of_year, 0) + to_come.amount - budget_of_year as over_year
        from costs left join to_come using (connection_id, account_id) join rates using (connection_id)
    ),
    revenue as (
        select entity_id, sum(budget) as budget, sum(amount) as actual
        from (from movements full join plans using (connection_id, account_id, period_month))
        join (select connection_id, account_id from core.dim_account where account_type = 'revenue') using (connection_id, account_id)
        join core.dim_entity using (connection_id) join core.dim_as_of on period_month = closed_month
        group by all
    )
    select 'budget_variance|account|' || subject, is_over, budget = 0 or (budget is null and actual <> 0)
    from judged
    union all
    select 'cost_increase|account|' || subject,
        coalesce(months_before = 3 and three_months > 0 and (actual * 3 - three_months) * 100 > 15 * three_months
            and (actual * 3 - greatest(three_months, case when budget <> 0 then budget * 3 else three_months end)) * rate > 6000, false),
        (months_before > 0 or actual <> 0) and not coalesce(months_before = 3 and three_months > 0, false)
    from judged
    union all
    select 'budget_outlook|account|' || subject,
        coalesce(not is_over and over_year * 100 > 10 * abs(budget_of_year) and over_year * rate > 2000, false),
        coalesce(budget_of_year, 0) = 0 or to_come is null or (is_over and over_year * 100 > 10 * abs(budget_of_year) and over_year * rate > 2000)
    from judged
    union all
    select 'revenue_below_target|entity|' || entity_id,
        coalesce((budget - actual) * 100 > 5 * budget, false), coalesce(budget, 0) = 0 or actual is null
    from revenue
"""


@dataclass
class Day:
    """What one day brought: what the books say, what was open after it, and which messages arrived."""

    day: date
    told: set[str]
    held: set[str]
    open: dict[str, int]
    arrived: Counter[str] = field(default_factory=Counter)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()


@pytest.fixture(scope="module")
def days(receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> list[Day]:
    """The day before, and thirty days after it."""
    folder = tmp_path_factory.mktemp("thirty")
    simulate(folder / "company.duckdb", scale=0.5, as_of=FIRST, horizon_days=DAYS + 1)
    lived = []
    with RunningSandbox(Shown(company=folder / "company.duckdb", limits=False)) as running:
        hub = Hub(folder / "home", running.url, SYSTEMS, toml=f'[alerts]\ntargets = ["{receiver.address}"]\n')
        toml = hub.home / "hub.toml"
        settings_of_june = toml.read_text()
        for number in range(DAYS + 1):
            day = FIRST + timedelta(days=number)
            toml.write_text(settings_of_june.replace('as_of_date = "2026-06-30"', f'as_of_date = "{day}"'))
            if number:
                let_pass(running.url, 1)
            hub.load()
            if not number:
                make_views(hub.settings)
                build(hub.settings, "+alert")
            elif (day - timedelta(days=CLOSING_DAYS)).day == 1:
                build(hub.settings, *(f"{each},config.materialized:table" for each in ("+fct_forecast", *OF_BOOKS)))
            else:
                build(hub.settings, *(f"{each},config.materialized:table" for each in OF_BOOKS))
            lived.append(told_on(day, hub, receiver))
    return lived


def told_on(day: date, hub: Hub, receiver: Receiver) -> Day:
    """Publish, write down and deliver, as the job does at its end."""
    publish.publish(hub.settings)
    before = receiver.seen.copy()
    notice_rules(hub.settings)
    _, failed = deliver(hub.settings)
    assert failed == 0
    judged = hub.query(JUDGED)
    return Day(
        day,
        {key for key, is_told, _ in judged if is_told},
        {key for key, _, is_held in judged if is_held},
        {incident.alert_key.removeprefix("rule|"): incident.number for incident in Outbox(hub.home).incidents()},
        receiver.seen - before,
    )


def test_each_incident_is_told_once_ends_once_and_is_what_the_books_say(days: list[Day], receiver: Receiver) -> None:
    assert [each.day for each in days] == [FIRST + timedelta(days=number) for number in range(DAYS + 1)]
    were_open: dict[str, int] = {}
    opened: Counter[str] = Counter()
    resolved: Counter[str] = Counter()
    for each in days:
        should_be_open = each.told | (were_open.keys() & each.held)
        assert each.open.keys() == should_be_open, f"{each.day}: none missed, none false"
        begun, ended = each.open.keys() - were_open.keys(), were_open.keys() - each.open.keys()
        assert all(each.open[key] == were_open[key] for key in each.open.keys() & were_open.keys()), (
            f"{each.day}: goes on as it was"
        )
        expected = Counter(f"{each.open[key]}-opened" for key in begun) + Counter(f"{were_open[key]}-resolved" for key in ended)
        assert each.arrived == expected, f"{each.day}: each told once, and nothing besides"
        opened.update(begun)
        resolved.update(ended)
        were_open = each.open
    assert set(receiver.seen.values()) == {1}
    assert opened.total() == resolved.total() + len(were_open)
    assert resolved, "a month was closed, and what the one before had told was over"
    assert {key.partition("|")[0] for key in opened} >= {"budget_variance", "budget_outlook"}


def test_days_on_which_nothing_changed_are_quiet(days: list[Day]) -> None:
    quiet = [each for each in days if not each.arrived]
    assert len(quiet) >= DAYS - 5


def test_messages_say_figure_threshold_drivers_and_rows(days: list[Day], receiver: Receiver) -> None:
    opened = [body for title, body in zip(receiver.titles, receiver.bodies, strict=True) if not title.startswith("Resolved: ")]
    assert len(opened) == sum(key.endswith("-opened") for each in days for key in each.arrived)
    for body in opened:
        assert " % (threshold " in body
        assert "\n- " in body
        assert "Rows: finance-hub query" in body
    outlooks = [body for body in opened if body.startswith("Budget of the year in danger")]
    assert outlooks
    for body in outlooks:
        assert "outlook of the year" in body
        assert "beyond the threshold by 20" in body
