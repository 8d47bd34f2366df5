with

-- What a plan is follows from what its titles or the mapping say, else from its name.
cells as (

    select
        *,
        company || '|' || version_name as plan_id,
        coalesce(created_date, first_month) as made_date,
        coalesce(account_code, category) as account_ref,
        line_item in ('amount', 'volume', 'revenue target', 'quota') as is_flow,
        case
            when coalesce(kind, lower(version_name)) like '%actual%' then 'actual'
            when coalesce(kind, lower(version_name)) like '%forecast%' then 'forecast'
            when coalesce(kind, lower(version_name)) like '%budget%' or coalesce(kind, lower(version_name)) like '%plan%' then 'budget'
            else 'scenario'
        end as scenario
    from {{ ref('stg_planguru__cells') }}
    where line_item is not null and (line_item <> 'amount' or statement = 'IS')

),

months_of_spans as (

    select
        spans.span,
        unnest(range(spans.months)) as month_number
    from (values ('month', 1), ('quarter', 3), ('year', 12)) as spans (span, months)

),

by_month as (

    select
        cells.*,
        cast(cells.first_month + to_months(cast(months_of_spans.month_number as integer)) as date) as period_month
    from cells
    inner join months_of_spans on cells.span = months_of_spans.span

),

-- What the newest plan of the year before had for each month, as it was known when this plan was made: a locked plan stays as it is.
patterns as (

    select
        spread.cell_id,
        spread.connection_id,
        spread.period_month,
        earlier.amount as weight,
        dense_rank() over (
            partition by spread.connection_id, spread.cell_id order by earlier.made_date desc, earlier.version_name
        ) as version_rank
    from by_month as spread
    inner join by_month as earlier
        on
            spread.connection_id = earlier.connection_id
            and spread.company = earlier.company
            and spread.statement = earlier.statement
            and coalesce(spread.department_name, '') = coalesce(earlier.department_name, '')
            and spread.class_name = earlier.class_name
            and spread.account_ref = earlier.account_ref
            and spread.period_month = earlier.period_month + interval 1 year
    where
        spread.span <> 'month'
        and spread.phasing = 'last_year'
        and earlier.span = 'month'
        and earlier.made_date <= spread.made_date
        and earlier.scenario <> 'scenario'

),

weights as (

    select
        connection_id,
        cell_id,
        period_month,
        weight,
        count(*) over (partition by connection_id, cell_id) as months_known,
        min(weight) over (partition by connection_id, cell_id) as least_weight,
        sum(weight) over (partition by connection_id, cell_id) as total_weight
    from patterns
    where version_rank = 1

),

-- Without a whole pattern that has no month below zero, the months are equal.
shaped as (

    select
        by_month.*,
        count(*) over (partition by by_month.connection_id, by_month.cell_id) as months_in_span,
        weights.weight,
        weights.total_weight,
        coalesce(weights.months_known, 0) as months_known,
        weights.least_weight
    from by_month
    left join weights
        on
            by_month.connection_id = weights.connection_id
            and by_month.cell_id = weights.cell_id
            and by_month.period_month = weights.period_month

),

weighed as (

    select
        *,
        case
            when span = 'month' then 'monthly'
            when is_flow and months_known = months_in_span and least_weight >= 0 and total_weight > 0 then 'last_year'
            else 'even'
        end as phasing_method
    from shaped

),

parts as (

    select
        * exclude (amount),
        amount as whole,
        cast(
            case
                when span = 'month' or not is_flow then amount
                when phasing_method = 'last_year' then {{ apportioned('amount', 'weight', 'total_weight') }}
                else {{ apportioned('amount', 'cast(1 as decimal(20, 4))', 'cast(months_in_span as decimal(20, 4))') }}
            end as decimal(20, 4)
        ) as amount
    from weighed

),

to_be_spread as (

    select * from parts
    where span <> 'month' and is_flow

),

spread as (

    {{ largest_remainder('to_be_spread', ['connection_id', 'cell_id'], ['period_month'], [('amount', 'whole')], 'currency') }}

),

placed as (

    select * from parts
    where span = 'month' or not is_flow
    union all
    select * from spread

),

final as (

    select
        connection_id,
        case when span = 'month' then cell_id else cell_id || ' | ' || strftime(period_month, '%Y-%m') end as cell_id,
        plan_id,
        company as org_unit_ref,
        version_name,
        scenario,
        fiscal_year,
        created_date,
        is_locked,
        line_item,
        currency,
        case when line_item = 'amount' then account_ref end as account_code,
        case when line_item = 'amount' then category end as account_name,
        case when category_kind = 'department' then category else department_name end as department_name,
        case when category_kind = 'product' then category end as product_name,
        case when category_kind = 'channel' then category end as channel,
        case when category_kind = 'seller' then lower(category) end as seller,
        period_month,
        amount,
        phasing_method,
        _page_id
    from placed

)

select * from final
