{# Whether a variance is good: F favourable, U unfavourable, N none. Amounts are in natural sign, so that more of a revenue account is good
   and more of a cost account is not; a contra account (discounts, returns, credits) has the class of what it reduces and amounts below
   zero, so that the class alone decides for it too. #}
{% macro favourable(actual, comparator, account_class) -%}
    case
        when {{ actual }} = coalesce({{ comparator }}, 0) then 'N'
        when ({{ actual }} > coalesce({{ comparator }}, 0)) = ({{ account_class }} = 'revenue') then 'F'
        else 'U'
    end
{%- endmacro %}

{# What a comparison with another figure comes to: there may be nothing to compare with, nothing to compare, or the other sign. #}
{% macro variance_status(actual, comparator) -%}
    case
        when coalesce({{ comparator }}, 0) = 0 then 'unbudgeted'
        when {{ actual }} = 0 then 'unspent'
        when ({{ actual }} < 0) <> ({{ comparator }} < 0) then 'sign_change'
        else 'ok'
    end
{%- endmacro %}

{# Beyond both thresholds, strictly: the amount, and the share of what it is compared with where there is any. The amount is of the
   reporting currency, so that it means the same in every company; where no rate into it is known, of the company's own. #}
{% macro is_material(actual, comparator, rate) -%}
    abs({{ actual }} - coalesce({{ comparator }}, 0)) * coalesce({{ rate }}, 1) > {{ var('variance_material_amount') }}
    and (
        coalesce({{ comparator }}, 0) = 0
        or abs({{ actual }} - {{ comparator }}) * 100 > {{ var('variance_material_pct') }} * abs({{ comparator }})
    )
{%- endmacro %}

{# Months of each entity by its own calendar, one row each, in order. #}
{% macro fiscal_months() %}
    select
        *,
        row_number() over (partition by entity_id order by period_month) as month_position
    from (
        select
            entity_id,
            period_month,
            min(fiscal_year) as fiscal_year,
            min(fiscal_quarter) as fiscal_quarter,
            min(fiscal_period) as fiscal_period,
            max(fiscal_year_end_date) as fiscal_year_end_date
        from {{ ref('dim_date') }}
        group by entity_id, period_month
    ) as months
{%- endmacro %}

{# The rate of each fiscal year's plan, from the CTEs `fiscal_months` and `rates`: the closing rate before the year, else the first that
   is known. #}
{% macro budget_rates() %}
    select
        years.entity_id,
        years.fiscal_year,
        coalesce(
            max_by(rates.closing_rate, rates.period_month) filter (where rates.period_month < years.first_month),
            min_by(rates.average_rate, rates.period_month)
        ) as rate
    from (
        select
            entity_id,
            fiscal_year,
            min(period_month) as first_month
        from fiscal_months
        group by entity_id, fiscal_year
    ) as years
    inner join rates on years.entity_id = rates.entity_id
    group by years.entity_id, years.fiscal_year
{%- endmacro %}

{# Which month of an entity's last year stands for which of this one, from the CTEs `fiscal_months` and `entities`. #}
{% macro months_a_year_on() %}
    select
        fiscal_months.entity_id,
        fiscal_months.period_month,
        earlier.period_month as earlier_month,
        entities.calendar_pattern = 'months' as is_by_month
    from fiscal_months
    inner join entities on fiscal_months.entity_id = entities.entity_id
    inner join fiscal_months as earlier
        on
            fiscal_months.entity_id = earlier.entity_id
            and fiscal_months.fiscal_year = earlier.fiscal_year + 1
            and fiscal_months.fiscal_period = earlier.fiscal_period
{%- endmacro %}

{# The rate of what a month is compared with: of a plan that with which the year began, of an earlier month its own average. From the CTEs
   `fiscal_months`, `budget_rates`, `months_a_year_on`, `months_before` and `rates`. #}
{% macro rates_of_comparisons() %}
    select
        fiscal_months.entity_id,
        fiscal_months.period_month,
        kinds.comparison,
        case kinds.comparison
            when 'prior_year' then year_rates.average_rate
            when 'prior_period' then period_rates.average_rate
            else budget_rates.rate
        end as rate
    from fiscal_months
    cross join
        (
            select unnest(['budget_original', 'budget_current', 'forecast_latest', 'prior_year', 'prior_period']) as comparison
        ) as kinds
    left join budget_rates on fiscal_months.entity_id = budget_rates.entity_id and fiscal_months.fiscal_year = budget_rates.fiscal_year
    left join months_a_year_on
        on fiscal_months.entity_id = months_a_year_on.entity_id and fiscal_months.period_month = months_a_year_on.period_month
    left join rates as year_rates
        on months_a_year_on.entity_id = year_rates.entity_id and months_a_year_on.earlier_month = year_rates.period_month
    left join months_before
        on fiscal_months.entity_id = months_before.entity_id and fiscal_months.period_month = months_before.period_month
    left join rates as period_rates
        on months_before.entity_id = period_rates.entity_id and months_before.earlier_month = period_rates.period_month
{%- endmacro %}

{# The plans with which a month's drivers are compared, from the CTEs `drivers` and `parameters`: the CTE `compared_with`. #}
{% macro plans_compared_with() %}
versions as (

    select distinct
        drivers.entity_id,
        drivers.connection_id,
        drivers.budget_id,
        drivers.scenario,
        drivers.budget_updated_at,
        drivers.period_month
    from drivers
    cross join parameters
    where drivers.scenario in ('budget', 'forecast') and drivers.budget_updated_at < parameters.as_of_date + interval 1 day

),

-- Of several budgets for a month the oldest is the original, the newest the current one; of forecasts the newest counts.
ranked as (

    select
        *,
        row_number() over (series order by budget_updated_at, budget_id) as from_oldest,
        row_number() over (series order by budget_updated_at desc, budget_id desc) as from_newest
    from versions
    window series as (partition by entity_id, period_month, scenario)

),

compared_with as (

    select
        *,
        'budget_original' as comparison
    from ranked
    where scenario = 'budget' and from_oldest = 1
    union all
    select
        *,
        case scenario when 'budget' then 'budget_current' else 'forecast_latest' end as comparison
    from ranked
    where from_newest = 1

),
{% endmacro %}

{# How a row of variance_driver is told: who it is, and whether that is beyond what it usually is. #}
{% macro driver_name(drivers) -%}
    case
        when {{ drivers }}.dimension = 'none' then 'lines that name nobody'
        else
            {{ drivers }}.dimension || ' ' || {{ drivers }}.member_name
            || case {{ drivers }}.measured_against when 'usual' then ', beyond the usual' else '' end
    end
{%- endmacro %}

{# Which of them are told first: the largest of each step down, department before product before customer or vendor. #}
{% macro driver_order(drivers) -%}
    {{ drivers }}.contributor_rank, case {{ drivers }}.dimension when 'department' then 1 when 'product' then 2 else 3 end
{%- endmacro %}
