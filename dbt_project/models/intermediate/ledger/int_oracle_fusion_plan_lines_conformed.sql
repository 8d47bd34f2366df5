with

-- Balances of a budget, where a pod tells any; it usually tells actual ones only.
budgets as (

    select * from {{ ref('stg_oracle_fusion__ledger_balances') }}
    where lower(scenario) like '%budget%' and currency_type = 'Total'

),

books as (

    select * from {{ ref('int_oracle_fusion_books_conformed') }}

),

periods as (

    select * from {{ ref('int_oracle_fusion_periods_listed') }}
    where not is_adjustment

),

combinations as (

    select * from {{ ref('int_oracle_fusion_combinations_split') }}

),

cost_centers as (

    select * from {{ ref('int_oracle_fusion_segment_values_named') }}
    where segment_role = 'cost_center'

),

parts as (

    select
        budgets.connection_id,
        books.org_unit_id,
        budgets.scenario,
        coalesce(cost_centers.segment_value_name, combinations.cost_center) as department_name,
        combinations.account_id,
        cast(date_trunc('month', periods.end_date) as date) as period_month,
        budgets.amount
    from budgets
    inner join books
        on
            budgets.connection_id = books.connection_id
            and budgets.ledger_name = books.org_unit_name
            and budgets.balance_currency = books.currency_func
    inner join periods
        on
            budgets.connection_id = periods.connection_id
            and books.org_unit_id = periods.ledger_id
            and budgets.period_name = periods.period_name
    left join combinations
        on budgets.connection_id = combinations.connection_id and budgets.combination_key = combinations.combination_key
    left join cost_centers
        on combinations.connection_id = cost_centers.connection_id and combinations.cost_center = cost_centers.segment_value

),

-- The whole is the sum of its departments.
every_part as (

    select
        connection_id,
        org_unit_id,
        scenario,
        'all' as department_name,
        account_id,
        period_month,
        sum(amount) as amount
    from parts
    group by connection_id, org_unit_id, scenario, account_id, period_month
    union all
    select
        connection_id,
        org_unit_id,
        scenario,
        department_name,
        account_id,
        period_month,
        sum(amount) as amount
    from parts
    where department_name is not null
    group by connection_id, org_unit_id, scenario, department_name, account_id, period_month

),

-- Scenarios have no moment: they follow each other by name.
final as (

    select
        connection_id,
        org_unit_id,
        org_unit_id || '|' || scenario || '|' || department_name || '|' || account_id || '|' || strftime(period_month, '%Y-%m')
            as plan_line_id,
        scenario as plan_id,
        scenario as plan_name,
        'budget' as scenario,
        timestamp '2000-01-01'
        + to_minutes(cast(dense_rank() over (partition by connection_id order by scenario) as integer)) as plan_updated_at,
        department_name,
        account_id,
        period_month,
        {{ money('amount') }} as amount_func,
        true as is_debit_positive
    from every_part

)

select * from final
