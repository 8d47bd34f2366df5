with

parts as (

    select
        connection_id,
        coalesce(ledger_id, 'all') as org_unit_id,
        concat_ws(' ', budget, version) as plan,
        account_id,
        department_name,
        cast(date_trunc('month', period_month) as date) as period_month,
        amount_func,
        updated_at
    from {{ ref('stg_database__budget_lines') }}

),

-- A line of no department stands for the whole; where there are only departments, the whole is their sum.
every_part as (

    select
        connection_id,
        org_unit_id,
        plan,
        'all' as department_name,
        account_id,
        period_month,
        coalesce(sum(amount_func) filter (where department_name is null), sum(amount_func)) as amount_func
    from parts
    group by connection_id, org_unit_id, plan, account_id, period_month
    union all
    select
        connection_id,
        org_unit_id,
        plan,
        department_name,
        account_id,
        period_month,
        sum(amount_func) as amount_func
    from parts
    where department_name is not null
    group by connection_id, org_unit_id, plan, department_name, account_id, period_month

),

-- Plans without a moment follow each other by name.
versions as (

    select
        connection_id,
        plan,
        coalesce(
            max(updated_at),
            timestamp '2000-01-01' + to_minutes(cast(row_number() over (partition by connection_id order by plan) as integer))
        ) as plan_updated_at
    from parts
    group by connection_id, plan

),

final as (

    select
        every_part.connection_id,
        every_part.org_unit_id,
        concat_ws(
            '|',
            every_part.org_unit_id,
            every_part.plan,
            every_part.department_name,
            every_part.account_id,
            strftime(every_part.period_month, '%Y-%m')
        ) as plan_line_id,
        every_part.plan as plan_id,
        every_part.plan as plan_name,
        'budget' as scenario,
        versions.plan_updated_at,
        every_part.department_name,
        every_part.account_id,
        every_part.period_month,
        {{ money('every_part.amount_func') }} as amount_func,
        false as is_debit_positive
    from every_part
    inner join versions on every_part.connection_id = versions.connection_id and every_part.plan = versions.plan

)

select * from final
