with

movements as (

    select * from {{ ref('fct_cash_flow_month') }}

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

structure as (

    select * from {{ ref('dim_group_structure') }}
    where consolidation_method = 'full'

),

-- Who belongs to the group at the end of a month, and who did at the end of the one before.
members as (

    select
        periods.entity_id,
        periods.period_month,
        structure.entity_id is not null as is_member,
        lag(structure.entity_id is not null, 1, structure.entity_id is not null)
            over (partition by periods.entity_id order by periods.period_month)
            as was_member
    from {{ ref('dim_date') }} as periods
    left join structure
        on
            periods.entity_id = structure.entity_id
            and periods.date_day between structure.valid_from and structure.valid_to
    where periods.is_period_end

),

-- Each account of an entity is rounded as its own statement rounds it.
flows as (

    select
        movements.method,
        movements.entity_id,
        movements.period_month,
        movements.category,
        movements.line,
        rates.to_currency as currency_rpt,
        {{ whole_sum(posted('movements.amount_func_in_group * rates.average_rate', 'rates.to_currency')) }} as entities_rpt,
        -{{ whole_sum(posted('movements.between_entities_func * rates.average_rate', 'rates.to_currency')) }} as eliminations_rpt
    from movements
    inner join rates on movements.entity_id = rates.entity_id and movements.period_month = rates.period_month
    group by
        movements.method, movements.entity_id, movements.period_month, movements.category, movements.line, rates.to_currency

),

moved as (

    select
        method,
        entity_id,
        period_month,
        {{ whole_sum('entities_rpt') }} as entities_rpt
    from flows
    group by method, entity_id, period_month

),

cash as (

    select
        method,
        entity_id,
        period_month,
        currency_rpt,
        {{ whole_sum("case category when 'opening_cash' then amount_rpt else 0 end") }} as opening_rpt,
        {{ whole_sum("case category when 'closing_cash' then amount_rpt else 0 end") }} as closing_rpt
    from {{ ref('cash_flow') }}
    where category in ('opening_cash', 'closing_cash')
    group by method, entity_id, period_month, currency_rpt

),

framed as (

    select
        cash.method,
        cash.period_month,
        cash.currency_rpt,
        members.is_member,
        members.was_member,
        case when members.was_member then cash.opening_rpt else 0 end as opening_rpt,
        case when members.is_member then cash.closing_rpt else 0 end as closing_rpt,
        coalesce(moved.entities_rpt, 0) as moved_rpt
    from cash
    inner join members on cash.entity_id = members.entity_id and cash.period_month = members.period_month
    left join moved
        on cash.method = moved.method and cash.entity_id = moved.entity_id and cash.period_month = moved.period_month
    where members.is_member or members.was_member

),

every_row as (

    select
        method,
        period_month,
        category,
        line,
        currency_rpt,
        entities_rpt,
        eliminations_rpt
    from flows
    union all
    -- What is on its way from one to the other at the month's end, and what two rates make of one amount.
    select
        method,
        period_month,
        'intercompany_difference' as category,
        'Intercompany difference' as line,
        currency_rpt,
        0 as entities_rpt,
        -eliminations_rpt as eliminations_rpt
    from flows
    union all
    select
        method,
        period_month,
        'opening_cash' as category,
        'Cash at the beginning' as line,
        currency_rpt,
        opening_rpt as entities_rpt,
        0 as eliminations_rpt
    from framed
    union all
    select
        method,
        period_month,
        'exchange_effect' as category,
        'Effect of exchange rates on cash' as line,
        currency_rpt,
        closing_rpt - opening_rpt - moved_rpt as entities_rpt,
        0 as eliminations_rpt
    from framed
    where is_member and was_member
    union all
    select
        method,
        period_month,
        'scope_change' as category,
        'Cash of companies that joined or left' as line,
        currency_rpt,
        closing_rpt - opening_rpt - moved_rpt as entities_rpt,
        0 as eliminations_rpt
    from framed
    where is_member <> was_member
    union all
    select
        method,
        period_month,
        'closing_cash' as category,
        'Cash at the end' as line,
        currency_rpt,
        closing_rpt as entities_rpt,
        0 as eliminations_rpt
    from framed

),

final as (

    select
        method,
        period_month,
        category,
        line,
        cast({{ whole_sum('entities_rpt') }} as decimal(20, 4)) as entities_rpt,
        cast({{ whole_sum('eliminations_rpt') }} as decimal(20, 4)) as eliminations_rpt,
        cast({{ whole_sum('entities_rpt + eliminations_rpt') }} as decimal(20, 4)) as consolidated_rpt,
        currency_rpt
    from every_row
    group by method, period_month, category, line, currency_rpt

)

select * from final
