{# The last day of the fiscal year that a calendar year holds. A day beyond the month's end means its last day: 29 February is
   the end of February in every year. #}
{% macro fiscal_year_end_in(calendar_year, end_month, end_day) -%}
    make_date(
        {{ calendar_year }},
        {{ end_month }},
        least({{ end_day }}, day(last_day(make_date({{ calendar_year }}, {{ end_month }}, 1))))
    )
{%- endmacro %}
