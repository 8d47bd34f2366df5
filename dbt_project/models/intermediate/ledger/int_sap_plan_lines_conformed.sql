with

entries as (

    select entries.*
    from {{ ref('stg_sap__plan_entries') }} as entries
    -- Entries of a period that was since emptied are of no account.
    inner join {{ ref('stg_sap__plan_periods') }} as periods
        on
            entries.connection_id = periods.connection_id
            and entries.planning_category = periods.planning_category
            and entries.company_code = periods.company_code
            and entries.fiscal_year = periods.fiscal_year
            and entries.fiscal_period = periods.fiscal_period
            and periods.entries > 0

),

books as (

    select * from {{ ref('int_sap_books_conformed') }}

),

cost_centers as (

    select * from {{ ref('int_sap_cost_centers_named') }}

),

-- Fiscal years bear the name of the calendar year in which they end.
dated as (

    select
        entries.*,
        cast(
            make_date(cast(entries.fiscal_year as integer), books.fiscal_year_end_month, 1)
            - to_months(12 - least(entries.period_number, 12)) as date
        ) as period_month
    from entries
    inner join books on entries.connection_id = books.connection_id and entries.company_code = books.org_unit_id

),

parts as (

    select
        dated.connection_id,
        dated.company_code,
        dated.planning_category,
        cost_centers.cost_center_name as department_name,
        dated.account_id,
        dated.period_month,
        dated.amount_func
    from dated
    left join cost_centers
        on
            dated.connection_id = cost_centers.connection_id
            and dated.controlling_area = cost_centers.controlling_area
            and dated.cost_center = cost_centers.cost_center
            and dated.period_month between cost_centers.valid_from and cost_centers.valid_to

),

-- The whole is the sum of its departments.
every_part as (

    select
        connection_id,
        company_code,
        planning_category,
        'all' as department_name,
        account_id,
        period_month,
        sum(amount_func) as amount_func
    from parts
    group by connection_id, company_code, planning_category, account_id, period_month
    union all
    select
        connection_id,
        company_code,
        planning_category,
        department_name,
        account_id,
        period_month,
        sum(amount_func) as amount_func
    from parts
    where department_name is not null
    group by connection_id, company_code, planning_category, department_name, account_id, period_month

),

-- Categories have no moment: SAP's budgets come before its forecasts, each by name.
versions as (

    select
        connection_id,
        planning_category,
        timestamp '2000-01-01'
        + to_minutes(
            cast(row_number() over (partition by connection_id order by planning_category not like 'BUD%', planning_category) as integer)
        ) as plan_updated_at
    from every_part
    group by connection_id, planning_category

),

final as (

    select
        every_part.connection_id,
        every_part.company_code as org_unit_id,
        every_part.company_code || '|' || every_part.planning_category || '|' || every_part.department_name || '|' || every_part.account_id
        || '|' || strftime(every_part.period_month, '%Y-%m') as plan_line_id,
        every_part.planning_category as plan_id,
        every_part.planning_category as plan_name,
        'budget' as scenario,
        versions.plan_updated_at,
        every_part.department_name,
        every_part.account_id,
        every_part.period_month,
        {{ money('every_part.amount_func') }} as amount_func,
        true as is_debit_positive
    from every_part
    inner join versions
        on every_part.connection_id = versions.connection_id and every_part.planning_category = versions.planning_category

)

select * from final
