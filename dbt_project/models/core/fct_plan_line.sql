with

lines as (

    select * from {{ ref('int_ledger_plan_lines_stacked') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

accounts as (

    select * from {{ ref('dim_account') }}

),

final as (

    select
        lines.source_system || '|' || lines.connection_id || '|' || lines.plan_line_id as plan_line_key,
        entities.entity_id,
        lines.connection_id,
        lines.plan_id as budget_id,
        lines.plan_name as budget_name,
        lines.scenario,
        lines.plan_updated_at as budget_updated_at,
        lines.department_name,
        lines.account_id,
        accounts.account_code,
        accounts.account_class,
        lines.period_month,
        -- Positive where the account's balance usually is.
        cast(lines.amount_func * case when lines.is_debit_positive then coalesce(accounts.natural_sign, 1) else 1 end as decimal(20, 4))
            as amount_func,
        entities.currency_func
    from lines
    inner join entities on lines.connection_id = entities.connection_id and lines.org_unit_id = entities.org_unit_id
    left join accounts on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id

)

select * from final
