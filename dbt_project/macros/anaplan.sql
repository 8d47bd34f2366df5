{# The first day of a month as Anaplan writes it in English, "Jan 26"; null for other periods, which are totals. #}
{% macro anaplan_month(period) -%}
    cast(try_strptime({{ period }}, '%b %y') as date)
{%- endmacro %}
