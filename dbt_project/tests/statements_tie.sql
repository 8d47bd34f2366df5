-- The profit of all months up to a month's end is what the balance sheet shows as earnings.
with

profits as (

    select entity_id, period_month, sum(case when account_class = 'revenue' then amount_func else -amount_func end) as profit
    from {{ ref('profit_and_loss') }}
    group by entity_id, period_month

),

earnings as (

    select entity_id, period_month, sum(amount_func) as earnings
    from {{ ref('balance_sheet') }}
    where account_id in ('retained_earnings_system', 'current_year_earnings')
    group by entity_id, period_month

),

compared as (

    select
        earnings.entity_id,
        earnings.period_month,
        any_value(earnings.earnings) as earnings,
        sum(profits.profit) as profit
    from earnings
    inner join profits on earnings.entity_id = profits.entity_id and earnings.period_month >= profits.period_month
    group by earnings.entity_id, earnings.period_month

)

select * from compared where earnings <> profit
