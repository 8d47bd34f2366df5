with

account_months as (

    select * from {{ ref('fct_account_month') }}
    where is_profit_and_loss

),

intercompany as (

    select * from {{ ref('fct_intercompany_month') }}
    where is_profit_and_loss

),

structure as (

    select * from {{ ref('dim_group_structure') }}

),

period_ends as (

    select
        entity_id,
        period_month,
        date_day as period_end_date
    from {{ ref('dim_date') }}
    where is_period_end

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

chart as (

    select * from {{ ref('dim_group_account') }}

),

-- Credit positive here: revenue adds, expense takes away. Each account of an entity is rounded as its own statement rounds it.
entities as (

    select
        account_months.entity_id,
        account_months.period_month,
        account_months.group_account_code,
        {{ whole_sum('-account_months.natural_sign * ' ~ posted(
            'account_months.net_func_in_group * account_months.natural_sign * rates.average_rate', 'rates.to_currency'
        )) }} as profit_rpt,
        any_value(rates.to_currency) as currency_rpt
    from account_months
    inner join rates on account_months.entity_id = rates.entity_id and account_months.period_month = rates.period_month
    group by account_months.entity_id, account_months.period_month, account_months.group_account_code

),

eliminations as (

    select
        intercompany.period_month,
        intercompany.group_account_code,
        {{ whole_sum(posted('intercompany.net_func * rates.average_rate', 'rates.to_currency')) }} as profit_rpt,
        any_value(rates.to_currency) as currency_rpt
    from intercompany
    inner join rates on intercompany.entity_id = rates.entity_id and intercompany.period_month = rates.period_month
    group by intercompany.period_month, intercompany.group_account_code

),

minority as (

    select
        entities.period_month,
        {{ whole_sum('entities.profit_rpt * (100 - structure.ownership_pct) / 100') }} as profit_rpt,
        any_value(entities.currency_rpt) as currency_rpt
    from entities
    inner join period_ends on entities.entity_id = period_ends.entity_id and entities.period_month = period_ends.period_month
    inner join structure
        on
            entities.entity_id = structure.entity_id
            and period_ends.period_end_date between structure.valid_from and structure.valid_to
    where structure.consolidation_method = 'full'
    group by entities.period_month

),

every_row as (

    select
        period_month,
        group_account_code,
        currency_rpt,
        profit_rpt as entities_rpt,
        0 as eliminations_rpt
    from entities
    union all
    select
        period_month,
        group_account_code,
        currency_rpt,
        0 as entities_rpt,
        profit_rpt as eliminations_rpt
    from eliminations
    union all
    -- What the two sides do not agree on stays in the profit, where everybody sees it.
    select
        period_month,
        'intercompany_difference' as group_account_code,
        currency_rpt,
        0 as entities_rpt,
        -profit_rpt as eliminations_rpt
    from eliminations

),

summed as (

    select
        every_row.period_month,
        every_row.group_account_code,
        coalesce(chart.group_account_name, 'Intercompany difference') as group_account_name,
        coalesce(chart.account_class, 'expense') as account_class,
        coalesce(chart.statement_section, 'intercompany_difference') as statement_section,
        coalesce(chart.statement_order, 9000) as statement_order,
        {{ whole_sum('every_row.entities_rpt') }} as entities_rpt,
        {{ whole_sum('every_row.eliminations_rpt') }} as eliminations_rpt,
        any_value(every_row.currency_rpt) as currency_rpt
    from every_row
    left join chart on every_row.group_account_code = chart.group_account_code
    group by
        every_row.period_month, every_row.group_account_code, chart.group_account_name, chart.account_class,
        chart.statement_section, chart.statement_order

),

in_natural_sign as (

    select
        period_month,
        group_account_code,
        group_account_name,
        account_class,
        statement_section,
        statement_order,
        entities_rpt * case account_class when 'revenue' then 1 else -1 end as entities_rpt,
        eliminations_rpt * case account_class when 'revenue' then 1 else -1 end as eliminations_rpt,
        currency_rpt
    from summed
    union all
    select
        period_month,
        'minority_interest' as group_account_code,
        'Profit of minority shareholders' as group_account_name,
        'memo' as account_class,
        'attribution' as statement_section,
        9100 as statement_order,
        {{ posted('profit_rpt', 'currency_rpt') }} as entities_rpt,
        0 as eliminations_rpt,
        currency_rpt
    from minority

),

final as (

    select
        period_month,
        group_account_code,
        group_account_name,
        account_class,
        statement_section,
        cast(statement_order as bigint) as statement_order,
        cast(entities_rpt as decimal(20, 4)) as entities_rpt,
        cast(eliminations_rpt as decimal(20, 4)) as eliminations_rpt,
        cast(entities_rpt + eliminations_rpt as decimal(20, 4)) as consolidated_rpt,
        currency_rpt
    from in_natural_sign

)

select * from final
