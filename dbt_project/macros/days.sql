{# Where in its month a day is: counted from the beginning, after the twentieth from the end (the last day is 0, the one before -1). #}
{% macro place_in_month(day) -%}
    case when day({{ day }}) <= 20 then day({{ day }}) else day({{ day }}) - day(last_day({{ day }})) end
{%- endmacro %}
