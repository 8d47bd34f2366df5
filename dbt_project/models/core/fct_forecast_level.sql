-- Forecasts of lines, summed to accounts, entities and the group: whatever stands above is the sum of what stands below, to the cent.
-- Lines are in their company's currency; the group's figures are in its own, at the last rate that was known at the origin, and without
-- charges between its companies.
with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

accounts as (

    select * from {{ ref('dim_account') }}

),

members as (

    select structure.entity_id
    from {{ ref('dim_group_structure') }} as structure
    cross join parameters
    where structure.consolidation_method = 'full' and parameters.as_of_date between structure.valid_from and structure.valid_to

),

mapping as (

    select mapping.*
    from {{ ref('dim_account_mapping') }} as mapping
    cross join parameters
    where parameters.as_of_date between mapping.valid_from and mapping.valid_to

),

booked as (

    select
        leaf_key,
        period_month,
        sum(amount_func) as amount_func,
        sum(case when known_month = period_month then amount_func else 0 end) as closed_func
    from {{ ref('fct_booked_month') }}
    group by leaf_key, period_month

),

first_months as (

    select
        leaf_key,
        min(period_month) as first_month
    from booked
    group by leaf_key

),

-- The newest rate of a month up to the origin.
origin_rates as (

    select
        origins.entity_id,
        origins.origin_month,
        max_by(rates.average_rate, rates.period_month) as average_rate,
        any_value(rates.to_currency) as currency_rpt
    from (select distinct entity_id, origin_month from {{ ref('fct_forecast') }}) as origins
    inner join rates on origins.entity_id = rates.entity_id
    where rates.period_month <= origins.origin_month and rates.average_rate is not null
    group by origins.entity_id, origins.origin_month

),

-- Months gone by stand beside those that are forecast: origin and horizon are empty there.
months as (

    select
        leaf_key,
        origin_month,
        period_month,
        horizon_months,
        model_name,
        history_months,
        mean_exact,
        naive_exact
    from {{ ref('fct_forecast') }}
    union all
    select
        first_months.leaf_key,
        cast(null as date) as origin_month,
        cast(unnest(generate_series(first_months.first_month, parameters.closed_month, interval 1 month)) as date) as period_month,
        cast(null as integer) as horizon_months,
        cast(null as varchar) as model_name,
        cast(null as integer) as history_months,
        cast(null as decimal(20, 4)) as mean_exact,
        cast(null as decimal(20, 4)) as naive_exact
    from first_months
    cross join parameters

),

lines as (

    select distinct
        leaf_key,
        entity_id,
        connection_id,
        account_id,
        department_name,
        is_within_group,
        currency_func
    from {{ ref('fct_booked_month') }}

),

known as (

    select
        lines.*,
        accounts.account_code,
        accounts.account_name,
        accounts.account_class,
        coalesce(mapping.group_account_code, 'unmapped') as group_account_code,
        members.entity_id is not null and not lines.is_within_group as is_in_group
    from lines
    inner join accounts on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    left join members on lines.entity_id = members.entity_id
    left join mapping
        on
            lines.entity_id = mapping.entity_id
            and lines.connection_id = mapping.connection_id
            and lines.account_id = mapping.account_id

),

leaves as (

    select
        known.*,
        months.origin_month,
        months.period_month,
        months.horizon_months,
        months.model_name,
        months.history_months,
        parameters.reporting_currency as currency_rpt,
        {{ posted('months.mean_exact', 'known.currency_func') }} as mean_func,
        {{ posted('months.naive_exact', 'known.currency_func') }} as naive_func,
        -- A month without bookings is known to be 0 once it is closed.
        case when months.period_month <= parameters.closed_month then coalesce(booked.amount_func, 0) end as actual_func,
        case when months.period_month <= parameters.closed_month then coalesce(booked.closed_func, 0) end as closed_func,
        origin_rates.average_rate as origin_rate,
        actual_rates.average_rate as actual_rate
    from months
    cross join parameters
    inner join known on months.leaf_key = known.leaf_key
    left join booked on months.leaf_key = booked.leaf_key and months.period_month = booked.period_month
    left join origin_rates on known.entity_id = origin_rates.entity_id and months.origin_month = origin_rates.origin_month
    left join rates as actual_rates on known.entity_id = actual_rates.entity_id and months.period_month = actual_rates.period_month

),

valued as (

    select
        *,
        {{ posted('mean_func * origin_rate', 'currency_rpt') }} as mean_rpt,
        {{ posted('naive_func * origin_rate', 'currency_rpt') }} as naive_rpt,
        {{ posted('actual_func * actual_rate', 'currency_rpt') }} as actual_rpt,
        {{ posted('closed_func * actual_rate', 'currency_rpt') }} as closed_rpt
    from leaves

),

placed as (

    select
        levels.forecast_level,
        {{ forecast_series_key('levels.forecast_level', 'valued') }} as series_key,
        case levels.forecast_level
            when 'line' then concat_ws('|', valued.connection_id, valued.entity_id, valued.account_id)
            when 'account' then concat_ws('|', valued.entity_id, valued.account_class)
            when 'group_account' then valued.account_class
        end as parent_key,
        case when levels.is_of_company then valued.entity_id end as entity_id,
        case when levels.has_account then valued.connection_id end as connection_id,
        case when levels.has_account then valued.account_id end as account_id,
        valued.account_class,
        case when levels.has_account or levels.forecast_level = 'group_account' then valued.group_account_code end as group_account_code,
        case when levels.forecast_level = 'line' then valued.department_name end as department_name,
        case when levels.forecast_level = 'line' then valued.is_in_group end as is_in_group,
        valued.origin_month,
        valued.period_month,
        valued.horizon_months,
        case when levels.forecast_level = 'line' or valued.origin_month is null then valued.model_name else 'sum' end as model_name,
        valued.history_months,
        case when levels.is_of_company then valued.currency_func else valued.currency_rpt end as currency,
        case when levels.is_of_company then valued.mean_func else valued.mean_rpt end as mean_amount,
        case when levels.is_of_company then valued.naive_func else valued.naive_rpt end as naive_amount,
        case when levels.is_of_company then valued.actual_func else valued.actual_rpt end as actual_amount,
        case when levels.is_of_company then valued.closed_func else valued.closed_rpt end as closed_amount,
        valued.mean_rpt,
        valued.currency_rpt,
        case when levels.is_of_company then valued.origin_rate else cast(1 as decimal(18, 9)) end as rate_rpt
    from valued
    cross join ({{ forecast_levels() }}) as levels
    where levels.is_of_company or valued.is_in_group

),

-- A sum of which a part is unknown is unknown.
final as (

    select
        forecast_level,
        series_key,
        any_value(parent_key) as parent_key,
        any_value(entity_id) as entity_id,
        any_value(connection_id) as connection_id,
        any_value(account_id) as account_id,
        any_value(account_class) as account_class,
        any_value(group_account_code) as group_account_code,
        any_value(department_name) as department_name,
        any_value(is_in_group) as is_in_group,
        origin_month,
        period_month,
        any_value(horizon_months) as horizon_months,
        any_value(model_name) as model_name,
        max(history_months) as history_months,
        count(*) as line_count,
        any_value(currency) as currency,
        cast({{ whole_sum('mean_amount') }} as decimal(20, 4)) as mean_amount,
        cast({{ whole_sum('naive_amount') }} as decimal(20, 4)) as naive_amount,
        cast({{ whole_sum('actual_amount') }} as decimal(20, 4)) as actual_amount,
        cast({{ whole_sum('closed_amount') }} as decimal(20, 4)) as closed_amount,
        cast({{ whole_sum('mean_rpt') }} as decimal(20, 4)) as mean_rpt,
        any_value(currency_rpt) as currency_rpt,
        any_value(rate_rpt) as rate_rpt
    from placed
    group by forecast_level, series_key, origin_month, period_month

)

select * from final
