with

entities as (

    select * from {{ ref('dim_entity') }}

),

lines as (

    select * from {{ ref('fct_gl_line') }}

),

parameters as (

    select * from {{ ref('stg_hub__parameters') }}

),

spans as (

    select
        entities.entity_id,
        entities.fiscal_year_end_month,
        entities.fiscal_year_end_day,
        cast(date_trunc('month', min(lines.posting_date)) as date) as first_day,
        last_day(max(parameters.as_of_date)) as last_date
    from entities
    inner join lines on entities.entity_id = lines.entity_id
    cross join parameters
    group by all

),

days as (

    select
        entity_id,
        fiscal_year_end_month,
        fiscal_year_end_day,
        cast(unnest(generate_series(first_day, last_date, interval 1 day)) as date) as date_day
    from spans

),

ends as (

    select
        *,
        {{ fiscal_year_end_in('year(date_day)', 'fiscal_year_end_month', 'fiscal_year_end_day') }} as end_this_year,
        {{ fiscal_year_end_in('year(date_day) + 1', 'fiscal_year_end_month', 'fiscal_year_end_day') }} as end_next_year
    from days

),

final as (

    select
        entity_id,
        date_day,
        cast(date_trunc('month', date_day) as date) as period_month,
        last_day(date_day) = date_day as is_month_end,
        case when date_day <= end_this_year then end_this_year else end_next_year end as fiscal_year_end_date,
        year(case when date_day <= end_this_year then end_this_year else end_next_year end) as fiscal_year
    from ends

)

select * from final
