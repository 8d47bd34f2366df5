with

balances as (

    select * from {{ ref('balance_sheet') }}

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

members as (

    select
        period_ends.entity_id,
        period_ends.period_month,
        structure.parent_entity_id,
        structure.ownership_pct
    from period_ends
    inner join structure
        on
            period_ends.entity_id = structure.entity_id
            and period_ends.period_end_date between structure.valid_from and structure.valid_to
    where structure.consolidation_method = 'full'

),

-- Debit positive from here on, so that everything adds up to zero.
entities as (

    select
        balances.entity_id,
        balances.period_month,
        balances.group_account_code,
        any_value(balances.account_class) as account_class,
        {{ whole_sum("case when balances.account_class in ('asset', 'unmapped') then balances.amount_rpt else -balances.amount_rpt end") }}
            as amount_rpt,
        any_value(balances.currency_rpt) as currency_rpt
    from balances
    inner join members on balances.entity_id = members.entity_id and balances.period_month = members.period_month
    group by balances.entity_id, balances.period_month, balances.group_account_code

),

intercompany as (

    select
        movements.entity_id,
        movements.partner_entity_id,
        movements.group_account_code,
        movements.eliminated_by,
        members.period_month,
        sum(movements.net_func) as balance_func,
        {{ whole_sum('movements.net_rpt_at_historical_rates') }} as balance_at_historical_rates
    from {{ ref('fct_intercompany_month') }} as movements
    inner join members on movements.entity_id = members.entity_id and movements.period_month <= members.period_month
    inner join members as partners
        on movements.partner_entity_id = partners.entity_id and members.period_month = partners.period_month
    where not movements.is_profit_and_loss
    group by
        movements.entity_id, movements.partner_entity_id, movements.group_account_code, movements.eliminated_by, members.period_month

),

between_entities as (

    select
        intercompany.period_month,
        intercompany.group_account_code,
        -{{ whole_sum(posted('intercompany.balance_func * rates.closing_rate', 'rates.to_currency')) }} as amount_rpt,
        any_value(rates.to_currency) as currency_rpt
    from intercompany
    inner join rates on intercompany.entity_id = rates.entity_id and intercompany.period_month = rates.period_month
    where intercompany.eliminated_by = 'partner'
    group by intercompany.period_month, intercompany.group_account_code

),

net_assets as (

    select
        entity_id,
        period_month,
        {{ whole_sum("case when account_class in ('asset', 'liability', 'unmapped') then amount_rpt else 0 end") }} as net_assets_rpt,
        any_value(currency_rpt) as currency_rpt
    from entities
    group by entity_id, period_month

),

investments as (

    select
        intercompany.entity_id as parent_entity_id,
        intercompany.partner_entity_id as entity_id,
        intercompany.group_account_code,
        intercompany.period_month,
        {{ posted('intercompany.balance_at_historical_rates', 'net_assets.currency_rpt') }} as investment_rpt,
        {{ posted('acquired.equity_rpt', 'net_assets.currency_rpt') }} as equity_rpt,
        net_assets.net_assets_rpt,
        members.ownership_pct / 100 as owned,
        net_assets.currency_rpt
    from intercompany
    inner join members
        on intercompany.partner_entity_id = members.entity_id and intercompany.period_month = members.period_month
    inner join {{ ref('fct_equity_at_acquisition') }} as acquired on intercompany.partner_entity_id = acquired.entity_id
    inner join net_assets
        on intercompany.partner_entity_id = net_assets.entity_id and intercompany.period_month = net_assets.period_month
    where intercompany.eliminated_by = 'investment'

),

-- An investment goes against the owned part of what the entity was worth when it came; what was paid beyond is goodwill. The part
-- that others own of what it is worth now is theirs.
shares as (

    select
        *,
        {{ posted('equity_rpt * owned', 'currency_rpt') }} as owned_equity_rpt,
        {{ posted('net_assets_rpt * (1 - owned)', 'currency_rpt') }} as minority_rpt,
        {{ posted('equity_rpt * (1 - owned)', 'currency_rpt') }} as minority_equity_rpt
    from investments

),

every_row as (

    select
        period_month,
        group_account_code,
        currency_rpt,
        amount_rpt as entities_rpt,
        0 as eliminations_rpt
    from entities
    union all
    select
        period_month,
        group_account_code,
        currency_rpt,
        0 as entities_rpt,
        amount_rpt as eliminations_rpt
    from between_entities
    union all
    select
        period_month,
        'intercompany_difference' as group_account_code,
        currency_rpt,
        0 as entities_rpt,
        -amount_rpt as eliminations_rpt
    from between_entities
    union all
    select
        period_month,
        group_account_code,
        currency_rpt,
        0 as entities_rpt,
        -investment_rpt as eliminations_rpt
    from shares
    union all
    select
        period_month,
        'goodwill' as group_account_code,
        currency_rpt,
        0 as entities_rpt,
        investment_rpt - owned_equity_rpt as eliminations_rpt
    from shares
    union all
    select
        period_month,
        'equity_at_acquisition' as group_account_code,
        currency_rpt,
        0 as entities_rpt,
        owned_equity_rpt + minority_equity_rpt as eliminations_rpt
    from shares
    union all
    select
        period_month,
        'minority_interest' as group_account_code,
        currency_rpt,
        0 as entities_rpt,
        -minority_rpt as eliminations_rpt
    from shares
    union all
    select
        period_month,
        'reserves_of_minority' as group_account_code,
        currency_rpt,
        0 as entities_rpt,
        minority_rpt - minority_equity_rpt as eliminations_rpt
    from shares

),

system_lines as (

    select
        'retained_earnings_system' as group_account_code,
        'Retained earnings (system)' as group_account_name,
        'equity' as account_class,
        'equity' as statement_section,
        3300 as statement_order
    union all
    select
        'current_year_earnings' as group_account_code,
        'Current-year earnings' as group_account_name,
        'equity' as account_class,
        'equity' as statement_section,
        3310 as statement_order
    union all
    select
        'translation_adjustment' as group_account_code,
        'Translation adjustment' as group_account_name,
        'equity' as account_class,
        'equity' as statement_section,
        3320 as statement_order
    union all
    select
        'equity_at_acquisition' as group_account_code,
        'Equity of entities when they were acquired' as group_account_name,
        'equity' as account_class,
        'equity' as statement_section,
        3330 as statement_order
    union all
    select
        'reserves_of_minority' as group_account_code,
        'Reserves that belong to minority shareholders' as group_account_name,
        'equity' as account_class,
        'equity' as statement_section,
        3340 as statement_order
    union all
    select
        'minority_interest' as group_account_code,
        'Minority interest' as group_account_name,
        'equity' as account_class,
        'minority_interest' as statement_section,
        3400 as statement_order
    union all
    select
        'goodwill' as group_account_code,
        'Goodwill of acquisitions' as group_account_name,
        'asset' as account_class,
        'non_current_assets' as statement_section,
        1810 as statement_order
    union all
    select
        'intercompany_difference' as group_account_code,
        'Intercompany difference' as group_account_name,
        'asset' as account_class,
        'intercompany_difference' as statement_section,
        1999 as statement_order
    union all
    select
        group_account_code,
        group_account_name,
        account_class,
        statement_section,
        statement_order
    from chart

),

summed as (

    select
        every_row.period_month,
        system_lines.group_account_code,
        system_lines.group_account_name,
        system_lines.account_class,
        system_lines.statement_section,
        system_lines.statement_order,
        {{ whole_sum('every_row.entities_rpt') }} as entities_rpt,
        {{ whole_sum('every_row.eliminations_rpt') }} as eliminations_rpt,
        case when system_lines.account_class in ('asset', 'unmapped') then 1 else -1 end as natural_sign,
        any_value(every_row.currency_rpt) as currency_rpt
    from every_row
    inner join system_lines on every_row.group_account_code = system_lines.group_account_code
    group by
        every_row.period_month, system_lines.group_account_code, system_lines.group_account_name, system_lines.account_class,
        system_lines.statement_section, system_lines.statement_order

),

final as (

    select
        period_month,
        group_account_code,
        group_account_name,
        account_class,
        statement_section,
        cast(statement_order as bigint) as statement_order,
        cast(entities_rpt * natural_sign as decimal(20, 4)) as entities_rpt,
        cast(eliminations_rpt * natural_sign as decimal(20, 4)) as eliminations_rpt,
        cast((entities_rpt + eliminations_rpt) * natural_sign as decimal(20, 4)) as consolidated_rpt,
        currency_rpt
    from summed

)

select * from final
