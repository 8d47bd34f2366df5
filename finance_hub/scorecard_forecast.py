"""How right the hub is about what is to come: its forecasts against the simulated company's own books, months that the hub never saw included.

As in :mod:`finance_hub.scorecard`, everything is a query over ``hub``, the published snapshot, and ``meridian``, the simulated company, which
knows the months after the as-of date as far as it was simulated.
"""

from __future__ import annotations

from dataclasses import dataclass

from finance_hub import warehouse
from finance_hub.scorecard import ENTITIES

# Accounts of charges within the group, which its own figures are without.
_WITHIN_GROUP = "('4900', '6750')"

# What each account was expected to come to and what it truly came to, with the rate at which the hub adds companies up.
_FORECASTS = """
    select f.forecast_level, f.entity_id, ltrim(f.account_code, '0') as code, f.account_class, f.origin_month, f.is_latest, f.period_month,
        f.horizon_months, f.mean_amount::double as mean, f.naive_amount::double as naive, f.lo95, f.hi95, f.rate_rpt::double as rate
    from hub.marts.forecast as f where f.forecast_level = 'account'
"""
_TRUTH = f"""
    select e.entity_id, ltrim(t.account_code, '0') as code, t.month as period_month, sum(t.amount_func)::double as func, sum(t.amount_usd)::double as usd
    from meridian.truth.profit_and_loss as t join ({ENTITIES}) as e on t.entity_id = e.true_id
    -- The last month is whole only if the company was simulated to its end.
    where last_day(t.month) <= (select as_of_date + horizon_days from meridian.company.parameter) group by all
"""
# Level by level: accounts and companies in their own currency, the group in its own where that is the truth's: dollars.
_COMPARED = f"""
    with forecasts as ({_FORECASTS}), truth as ({_TRUTH}),
    months as (select max(period_month) as last_month from truth),
    both_sides as (
        select f.*, coalesce(t.func, 0) as func, coalesce(t.usd, 0) as usd
        from forecasts as f left join truth as t using (entity_id, code, period_month), months where f.period_month <= last_month
    )
    select 'account' as level, entity_id, entity_id || '|' || code as series, origin_month, is_latest, period_month, horizon_months,
        mean * rate as mean, naive * rate as naive, func * rate as truth, func between lo95 and hi95 as is_covered
    from both_sides
    union all
    select 'company', entity_id, entity_id || '|' || account_class, origin_month, is_latest, period_month, horizon_months, sum(mean * rate),
        sum(naive * rate), sum(func * rate), null
    from both_sides group by all
    union all
    select 'group', null, account_class, origin_month, is_latest, period_month, horizon_months, sum(mean * rate), sum(naive * rate), sum(usd), null
    from both_sides, hub.core.dim_as_of where code not in {_WITHIN_GROUP} and reporting_currency = 'USD' group by all
"""
# Years whose truth is known to their end: from the ends of their quarters, and from the last closed month.
_OUTLOOKS = f"""
    with compared as ({_COMPARED}),
    ends as (
        select compared.*, make_date(year(period_month) + (month(period_month) > ending)::integer, ending, 1) as year_end,
            ending
        from compared left join (select entity_id, fiscal_year_end_month as ending from hub.core.dim_entity) as own using (entity_id)
        where level <> 'group'
        union all
        select compared.*, make_date(year(period_month), 12, 1), 12 from compared where level = 'group'
    ),
    booked as (
        select level, series, year_end, period_month, any_value(truth) as truth from ends where horizon_months = 1 or is_latest group by all
    ),
    rests as (
        select level, entity_id, series, year_end, origin_month, is_latest, sum(mean) as mean, sum(naive) as naive, count(*) as months
        from ends group by all
    )
    select rests.level, rests.entity_id, rests.series, rests.year_end, rests.origin_month, rests.is_latest,
        sum(booked.truth) as truth,
        any_value(rests.mean) + coalesce(sum(booked.truth) filter (booked.period_month <= rests.origin_month), 0) as outlook,
        any_value(rests.naive) + coalesce(sum(booked.truth) filter (booked.period_month <= rests.origin_month), 0) as naive_outlook
    from rests join booked using (level, series, year_end)
    where date_diff('month', rests.origin_month, rests.year_end) = rests.months
        and (rests.is_latest or date_diff('month', rests.origin_month, rests.year_end) in (3, 6, 9))
    group by all having count(*) = 12
"""


_MATERIAL_PCT, _MATERIAL_AMOUNT = 10, 2000
"""Beyond both of these a year's figure breaches its budget: as the hub judges it unless its variables say otherwise."""


@dataclass(frozen=True)
class ForecastScore:
    """One measure of one level: 1 less what was missed, of all, and the same of the seasonal naive forecast.

    ``span`` is ``back-test`` for months that the snapshot has in its books, ``to come`` for forecasts of which the company alone knows what
    came. A1 is of whole years (actuals to date and the forecast of the rest), A2 of the next month, A3 of accounts whose year ended
    beyond 10 % of the original budget and 2,000 of the reporting currency, A4 the part of months within their bounds. ``f1`` and
    ``base_rate`` (always saying no) are of A3.
    """

    measure: str
    level: str
    span: str
    cases: int
    value: float
    naive: float | None
    f1: float | None = None
    base_rate: float | None = None


def forecasts(connection: warehouse.Database) -> list[ForecastScore]:
    """All measures by level and span."""
    rows = connection.execute(
        f"""
        with compared as materialized ({_COMPARED}), outlooks as materialized ({_OUTLOOKS}),
        today as (select closed_month from hub.core.dim_as_of),
        plans as (
            select e.entity_id, e.entity_id || '|' || ltrim(l.account_code, '0') as series, max(l.month) as year_end, sum(l.amount)::double as budget
            from meridian.company.budget as b join meridian.company.budget_line as l using (budget_id) join ({ENTITIES}) as e on b.entity_id = e.true_id
            where b.version = 'original' group by e.entity_id, b.budget_id, ltrim(l.account_code, '0')
        ),
        breaches as (
            select o.*, {_is_breach("outlook")} as is_told, {_is_breach("naive_outlook")} as is_naive, {_is_breach("truth")} as is_breach
            from outlooks as o join plans using (entity_id, series, year_end)
            join (select entity_id, origin_month, any_value(rate_rpt)::double as rate from hub.marts.forecast where forecast_level = 'account' group by all)
                using (entity_id, origin_month)
            where level = 'account'
        ),
        cases as (
            select 'A1' as measure, level, is_latest, abs(outlook - truth) as missed, abs(naive_outlook - truth) as naive_missed, abs(truth) as whole,
                null::boolean as is_told, null::boolean as is_breach
            from outlooks
            union all
            select 'A2', level, is_latest, abs(mean - truth), abs(naive - truth), abs(truth), null, null
            from compared, today where horizon_months = 1 and period_month > closed_month - interval 12 month
            union all
            select 'A3', level, is_latest, (is_told <> is_breach)::integer, (is_naive <> is_breach)::integer, 1, is_told, is_breach from breaches
            union all
            select 'A4', level, is_latest, (not is_covered)::integer, null, 1, null, null
            from compared, today where is_covered is not null and period_month > closed_month - interval 12 month
        )
        select measure, level, case when is_latest then 'to come' else 'back-test' end as span, count(*), 1 - sum(missed) / sum(whole),
            1 - sum(naive_missed) / sum(whole),
            2.0 * count(*) filter (is_told and is_breach) / nullif(count(*) filter (is_told) + count(*) filter (is_breach), 0),
            count(*) filter (not is_breach) / nullif(count(is_breach), 0)
        from cases group by all having sum(whole) > 0 order by measure, level, span
        """
    ).fetchall()
    return [
        ForecastScore(measure, level, span, cases, float(value), *(None if each is None else float(each) for each in rest))
        for measure, level, span, cases, value, *rest in rows
    ]


def _is_breach(figure: str) -> str:
    """Whether a figure of the year, in the reporting currency, is beyond both thresholds of its budget."""
    off = f"abs({figure} - budget * rate)"
    return f"{off} * 100 > {_MATERIAL_PCT} * abs(budget * rate) and {off} > {_MATERIAL_AMOUNT}"
