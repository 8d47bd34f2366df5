{# The first day of the month in which a period of Adaptive Planning lies. It ends before its end; one that tells neither beginning nor end
   is a month by its code, "01/2026". #}
{% macro adaptive_month(code, starts, ends) -%}
    cast(
        date_trunc(
            'month',
            coalesce({{ starts }}, cast({{ ends }} - interval 1 day as date), cast(try_strptime({{ code }}, '%m/%Y') as date))
        ) as date
    )
{%- endmacro %}

{# The day that stands in a text, "Created 2025-12-12"; null where none does. #}
{% macro adaptive_day(text) -%}
    try_cast(nullif(regexp_extract({{ text }}, '\d{4}-\d{2}-\d{2}'), '') as date)
{%- endmacro %}
