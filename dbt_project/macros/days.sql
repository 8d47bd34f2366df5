{# Where in its month a day is: counted from the beginning, after the twentieth from the end (the last day is 0, the one before -1). #}
{% macro place_in_month(day) -%}
    case when day({{ day }}) <= 20 then day({{ day }}) else day({{ day }}) - day(last_day({{ day }})) end
{%- endmacro %}

{# The thirteen weeks that begin tomorrow, one row each: `period_number, period_start_date, period_end_date`. #}
{% macro coming_weeks() -%}
    select
        number as period_number,
        as_of_date + 1 + 7 * (number - 1) as period_start_date,
        as_of_date + 7 * number as period_end_date
    from {{ ref('dim_as_of') }}
    cross join (select cast(unnest(generate_series(1, 13)) as integer) as number) as numbers
{%- endmacro %}
