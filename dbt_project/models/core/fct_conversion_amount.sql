-- What each won deal came to in the books: billed, recognised, and what was left of it after direct cost. What no deal
-- explains has rows of its own, so that all of them are the books, to the cent.
with

lines as (

    select
        lines.*,
        chart.statement_section,
        -- The time that a line is for, where its text names it: a credit note belongs to what it credits.
        try_cast(regexp_extract(lines.description, '(\d{4}-\d{2}-\d{2})\D+(\d{4}-\d{2}-\d{2})', 1) as date) as service_start,
        try_cast(regexp_extract(lines.description, '(\d{4}-\d{2}-\d{2})\D+(\d{4}-\d{2}-\d{2})', 2) as date) as service_end
    from {{ ref('fct_gl_line') }} as lines
    inner join {{ ref('dim_group_account') }} as chart on lines.group_account_code = chart.group_account_code
    where
        chart.statement_section in ('revenue', 'cost_of_revenue')
        or lines.group_account_code = '{{ var("deferred_revenue_account") }}'

),

customers as (

    select * from {{ ref('bridge_customer_party') }}

),

conversions as (

    select * from {{ ref('fct_conversion') }}

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

activity as (

    select * from {{ ref('fct_customer_activity') }}

),

periods as (

    select
        entity_id,
        period_month,
        min(date_day) as period_start,
        max(date_day) as period_end
    from {{ ref('dim_date') }}
    group by entity_id, period_month

),

-- Natural signs: what was billed and what was earned are positive.
earned as (

    select
        lines.entity_id,
        lines.period_month,
        lines.currency_func,
        customers.customer_id,
        lines.partner_entity_id is not null as is_group,
        lines.document_kind in ('sale', 'sale_credit') as is_billing,
        lines.statement_section = 'revenue' as is_revenue,
        coalesce(lines.service_start, lines.document_date, lines.posting_date) as belongs_on,
        lines.service_start,
        lines.service_end,
        -lines.amount_func as amount_func
    from lines
    left join customers
        on
            lines.connection_id = customers.erp_connection_id
            and lines.party_id = customers.erp_party_id
            and lines.entity_id = customers.entity_id
    where lines.statement_section <> 'cost_of_revenue'

),

-- A deal lasts from the first bill that asks for it, for as long as it was sold for: what comes later is a renewal's. Whose deal it is
-- those bills tell too, where the CRM's firm waits for a ruling.
deals as (

    select
        invoices.deal_key as conversion_id,
        any_value(invoices.customer_id) as customer_id,
        min(invoices.term_start) as starts_on,
        min(invoices.term_start) + to_months(cast(max(invoices.term_months) as integer)) as ends_before
    from {{ ref('fct_deal_invoice') }} as invoices
    inner join conversions on invoices.deal_key = conversions.conversion_id
    where invoices.part in ('term', 'service')
    group by invoices.deal_key

),

-- The deal of a customer and a day: the latest one that has begun and not ended.
days as (

    select
        bought.customer_id,
        bought.belongs_on,
        arg_max(deals.conversion_id, (deals.starts_on, deals.conversion_id)) as conversion_id
    from (
        select distinct
            customer_id,
            belongs_on
        from earned
        where customer_id is not null
    ) as bought
    inner join deals
        on
            bought.customer_id = deals.customer_id
            and bought.belongs_on >= deals.starts_on
            and bought.belongs_on < deals.ends_before
    group by bought.customer_id, bought.belongs_on

),

placed as (

    select
        earned.*,
        days.conversion_id,
        case
            when earned.is_group then 'group'
            when earned.customer_id is null then 'no_customer'
            when days.conversion_id is not null then 'deal'
            when earned.customer_id in (select deals.customer_id from deals) then 'renewal'
            else 'no_deal'
        end as revenue_source
    from earned
    left join days on earned.customer_id = days.customer_id and earned.belongs_on = days.belongs_on

),

-- What was billed in advance, by the day of its service; without one it is for as long as the customer's rhythm of invoices.
deferred as (

    select
        placed.entity_id,
        placed.currency_func,
        placed.conversion_id,
        placed.revenue_source,
        placed.belongs_on as from_date,
        greatest(
            placed.belongs_on,
            coalesce(placed.service_end, cast(placed.belongs_on + to_months(coalesce(activity.billing_months, 1)) - interval 1 day as date))
        ) as to_date,
        sum(placed.amount_func) as amount_func
    from placed
    left join activity on placed.customer_id = activity.customer_id
    where placed.is_billing and not placed.is_revenue and placed.customer_id is not null and not placed.is_group
    group by all

),

scheduled as (

    select
        deferred.entity_id,
        periods.period_month,
        deferred.currency_func,
        deferred.conversion_id,
        deferred.revenue_source,
        sum(
            {{ posted('deferred.amount_func * (least(periods.period_end, deferred.to_date) - deferred.from_date + 1) '
                '/ (deferred.to_date - deferred.from_date + 1)', 'deferred.currency_func') }}
            - {{ posted('deferred.amount_func * greatest(0, periods.period_start - deferred.from_date) '
                '/ (deferred.to_date - deferred.from_date + 1)', 'deferred.currency_func') }}
        ) as recognised_func
    from deferred
    inner join periods
        on
            deferred.entity_id = periods.entity_id
            and deferred.from_date <= periods.period_end
            and deferred.to_date >= periods.period_start
    group by all

),

-- What the ledger earned without naming a customer is given to them as their time passes, and never more than it earned.
released as (

    select
        entity_id,
        period_month,
        sum(amount_func) as pool_func
    from placed
    where is_revenue and customer_id is null and not is_group
    group by entity_id, period_month

),

bounded as (

    select
        scheduled.entity_id,
        scheduled.period_month,
        scheduled.currency_func,
        scheduled.conversion_id,
        scheduled.revenue_source,
        scheduled.recognised_func * given.share as recognised_func,
        given.given_func
    from scheduled
    inner join (
        select
            sums.entity_id,
            sums.period_month,
            greatest(0, least(sums.scheduled_func, coalesce(released.pool_func, 0))) as given_func,
            coalesce(greatest(0, least(sums.scheduled_func, coalesce(released.pool_func, 0))) / nullif(sums.scheduled_func, 0), 0) as share
        from (
            select
                entity_id,
                period_month,
                sum(recognised_func) as scheduled_func
            from scheduled
            group by entity_id, period_month
        ) as sums
        left join released on sums.entity_id = released.entity_id and sums.period_month = released.period_month
    ) as given
        on scheduled.entity_id = given.entity_id and scheduled.period_month = given.period_month

),

given as (

    {{ largest_remainder(
        'bounded', ['entity_id', 'period_month'], ['revenue_source', 'conversion_id'], [('recognised_func', 'given_func')], 'currency_func'
    ) }}

),

stacked as (

    select
        entity_id,
        period_month,
        conversion_id,
        revenue_source,
        case when is_billing then amount_func else 0 end as billed_func,
        case when is_revenue then amount_func else 0 end as recognised_func
    from placed
    union all
    select
        entity_id,
        period_month,
        conversion_id,
        revenue_source,
        0 as billed_func,
        recognised_func
    from given
    union all
    select
        entity_id,
        period_month,
        cast(null as varchar) as conversion_id,
        'no_customer' as revenue_source,
        0 as billed_func,
        -recognised_func as recognised_func
    from given
    union all
    -- Direct cost of a month without revenue has a place too.
    select distinct
        entity_id,
        period_month,
        cast(null as varchar) as conversion_id,
        'no_customer' as revenue_source,
        0 as billed_func,
        0 as recognised_func
    from lines
    where statement_section = 'cost_of_revenue'

),

summed as (

    select
        entity_id,
        period_month,
        conversion_id,
        revenue_source,
        sum(billed_func) as billed_func,
        sum(recognised_func) as recognised_func
    from stacked
    group by entity_id, period_month, conversion_id, revenue_source

),

-- The books' own figures of the month, each account translated as the statements translate it.
by_account as (

    select
        lines.entity_id,
        lines.period_month,
        lines.statement_section,
        sum(lines.amount_func) as amount_func
    from lines
    where lines.statement_section in ('revenue', 'cost_of_revenue')
    group by
        lines.entity_id,
        lines.period_month,
        lines.fiscal_year,
        lines.connection_id,
        lines.account_id,
        lines.group_account_code,
        lines.statement_section

),

books as (

    select
        by_account.entity_id,
        by_account.period_month,
        coalesce(sum(by_account.amount_func) filter (where by_account.statement_section = 'cost_of_revenue'), 0) as cost_func,
        case
            when count(rates.average_rate) = count(*)
                then
                    coalesce(
                        sum({{ posted('-by_account.amount_func * rates.average_rate', 'rates.to_currency') }})
                        filter (where by_account.statement_section = 'revenue'), 0
                    )
        end as recognised_total,
        case
            when count(rates.average_rate) = count(*)
                then
                    coalesce(
                        sum({{ posted('by_account.amount_func * rates.average_rate', 'rates.to_currency') }})
                        filter (where by_account.statement_section = 'cost_of_revenue'), 0
                    )
        end as cost_total
    from by_account
    left join rates on by_account.entity_id = rates.entity_id and by_account.period_month = rates.period_month
    group by by_account.entity_id, by_account.period_month

),

-- Direct cost is that of revenue with others, at the month's margin: charges within the group have none.
costed as (

    select
        summed.entity_id,
        summed.period_month,
        summed.conversion_id,
        summed.revenue_source,
        summed.billed_func,
        summed.recognised_func,
        entities.currency_func,
        coalesce(books.cost_func, 0) as cost_total_func,
        coalesce(books.recognised_total, case when rates.average_rate is not null then 0 end) as recognised_total,
        coalesce(books.cost_total, case when rates.average_rate is not null then 0 end) as cost_total,
        sum({{ posted('summed.billed_func', 'entities.currency_func') }})
            over (partition by summed.entity_id, summed.period_month)
            as billed_total_func,
        sum(case when summed.revenue_source <> 'group' then summed.recognised_func else 0 end)
            over (partition by summed.entity_id, summed.period_month) as shared_func,
        rates.average_rate,
        coalesce(rates.to_currency, parameters.reporting_currency) as currency_rpt
    from summed
    cross join {{ ref('dim_as_of') }} as parameters
    inner join {{ ref('dim_entity') }} as entities on summed.entity_id = entities.entity_id
    left join books on summed.entity_id = books.entity_id and summed.period_month = books.period_month
    left join rates on summed.entity_id = rates.entity_id and summed.period_month = rates.period_month

),

shared as (

    select
        * exclude (shared_func),
        cast(
            case
                when revenue_source = 'group' then 0
                when shared_func > 0 then cost_total_func * recognised_func / shared_func
                when revenue_source = 'no_customer' then cost_total_func
                else 0
            end as decimal(38, 9)
        ) as direct_cost_func
    from costed

),

in_own_currency as (

    {{ largest_remainder(
        'shared', ['entity_id', 'period_month'], ['revenue_source', 'conversion_id'], [('direct_cost_func', 'cost_total_func')], 'currency_func'
    ) }}

),

converted as (

    select
        *,
        cast(billed_func * average_rate as decimal(38, 9)) as billed_rpt,
        cast(recognised_func * average_rate as decimal(38, 9)) as recognised_rpt,
        cast(direct_cost_func * average_rate as decimal(38, 9)) as direct_cost_rpt,
        {{ posted('billed_total_func * average_rate', 'currency_rpt') }} as billed_total
    from in_own_currency

),

in_reporting_currency as (

    {{ largest_remainder(
        'converted', ['entity_id', 'period_month'], ['revenue_source', 'conversion_id'],
        [('billed_rpt', 'billed_total'), ('recognised_rpt', 'recognised_total'), ('direct_cost_rpt', 'cost_total')], 'currency_rpt'
    ) }}

),

final as (

    select
        entity_id,
        period_month,
        coalesce(conversion_id, revenue_source) as conversion_key,
        conversion_id,
        revenue_source,
        cast(billed_func as decimal(20, 4)) as billed_func,
        cast(recognised_func as decimal(20, 4)) as recognised_func,
        direct_cost_func,
        cast(recognised_func - direct_cost_func as decimal(20, 4)) as gross_margin_func,
        currency_func,
        billed_rpt,
        recognised_rpt,
        direct_cost_rpt,
        cast(recognised_rpt - direct_cost_rpt as decimal(20, 4)) as gross_margin_rpt,
        currency_rpt
    from in_reporting_currency

)

select * from final
