-- What was planned, from books and planning tools. Where a company plans in a tool, its books hold copies: they are kept and not followed.
with

entities as (

    select * from {{ ref('dim_entity') }}

),

accounts as (

    select * from {{ ref('dim_account') }}

),

org_units as (

    select * from {{ ref('bridge_org_unit') }}

),

versions as (

    select * from {{ ref('int_planning_plan_versions_stacked') }}

),

entries as (

    select
        entries.*,
        org_units.entity_id,
        versions.plan_name,
        versions.scenario,
        versions.fiscal_year,
        versions.updated_at,
        versions.is_locked
    from {{ ref('int_planning_plan_entries_stacked') }} as entries
    inner join versions on entries.connection_id = versions.connection_id and entries.plan_id = versions.plan_id
    left join org_units
        on entries.connection_id = org_units.connection_id and coalesce(trim(entries.org_unit_ref), '') = org_units.org_unit_ref

),

-- Tools plan by department; the whole is the sum of its departments and of what belongs to none.
parts as (

    select
        source_system,
        connection_id,
        entity_id,
        plan_id,
        case when grouping(department_name) = 1 then 'all' else department_name end as department_name,
        account_code,
        period_month,
        any_value(plan_name) as plan_name,
        any_value(scenario) as scenario,
        any_value(fiscal_year) as fiscal_year,
        any_value(updated_at) as updated_at,
        bool_or(is_locked) as is_locked,
        case when count(distinct phasing_method) = 1 then min(phasing_method) else 'mixed' end as phasing_method,
        sum(amount_func) as amount_func
    from entries
    group by source_system, connection_id, entity_id, plan_id, account_code, period_month, rollup(department_name)
    having grouping(department_name) = 1 or department_name is not null

),

-- Tools name accounts by the ledger's code, with or without leading zeros.
coded as (

    select
        entities.entity_id,
        accounts.connection_id as books_id,
        ltrim(accounts.account_code, '0') as plain_code,
        min(accounts.account_id) as account_id
    from entities
    inner join accounts on entities.connection_id = accounts.connection_id
    where accounts.account_code is not null
    group by entities.entity_id, accounts.connection_id, ltrim(accounts.account_code, '0')

),

planned as (

    select
        lines.source_system || '|' || lines.connection_id || '|' || lines.plan_line_id as plan_line_key,
        lines.source_system,
        entities.entity_id,
        lines.connection_id,
        lines.connection_id as books_id,
        lines.plan_id,
        lines.plan_name,
        lines.scenario,
        cast(null as integer) as fiscal_year,
        lines.plan_updated_at,
        false as is_locked,
        lines.department_name,
        lines.account_id,
        cast(null as varchar) as account_code,
        lines.period_month,
        'monthly' as phasing_method,
        lines.amount_func,
        lines.is_debit_positive,
        'books' as source_kind
    from {{ ref('int_ledger_plan_lines_stacked') }} as lines
    inner join entities on lines.connection_id = entities.connection_id and lines.org_unit_id = entities.org_unit_id
    union all
    select
        parts.source_system || '|' || parts.connection_id || '|'
        || concat_ws('|', parts.plan_id, parts.entity_id, parts.department_name, parts.account_code, strftime(parts.period_month, '%Y-%m'))
            as plan_line_key,
        parts.source_system,
        parts.entity_id,
        parts.connection_id,
        coded.books_id,
        parts.plan_id,
        parts.plan_name,
        parts.scenario,
        parts.fiscal_year,
        parts.updated_at as plan_updated_at,
        parts.is_locked,
        parts.department_name,
        coded.account_id,
        parts.account_code,
        parts.period_month,
        parts.phasing_method,
        parts.amount_func,
        false as is_debit_positive,
        'tool' as source_kind
    from parts
    left join coded on parts.entity_id = coded.entity_id and ltrim(parts.account_code, '0') = coded.plain_code

),

-- The first version of a month's plan is its original; a what-if is no version of it.
ordered as (

    select
        *,
        bool_or(source_kind = 'tool') over (partition by entity_id) as plans_in_tool,
        min({ 'updated_at': plan_updated_at, 'plan_id': plan_id }) filter (where scenario <> 'scenario')
            over (partition by entity_id, source_kind, period_month) as first_version
    from planned

),

final as (

    select
        ordered.plan_line_key,
        ordered.entity_id,
        ordered.connection_id,
        ordered.plan_id as budget_id,
        ordered.plan_name as budget_name,
        ordered.scenario,
        case
            when ordered.scenario = 'scenario' then 'what_if'
            when ordered.first_version = { 'updated_at': ordered.plan_updated_at, 'plan_id': ordered.plan_id } then 'original'
            else 'reforecast'
        end as plan_kind,
        ordered.fiscal_year,
        ordered.plan_updated_at as budget_updated_at,
        ordered.is_locked,
        ordered.source_kind,
        ordered.source_kind = 'tool' or not ordered.plans_in_tool as is_followed,
        ordered.department_name,
        ordered.books_id,
        ordered.account_id,
        coalesce(accounts.account_code, ordered.account_code) as account_code,
        accounts.account_class,
        ordered.period_month,
        ordered.phasing_method,
        -- Positive where the account's balance usually is.
        cast(ordered.amount_func * case when ordered.is_debit_positive then coalesce(accounts.natural_sign, 1) else 1 end as decimal(20, 4))
            as amount_func,
        entities.currency_func
    from ordered
    inner join entities on ordered.entity_id = entities.entity_id
    left join accounts on ordered.books_id = accounts.connection_id and ordered.account_id = accounts.account_id

)

select * from final
