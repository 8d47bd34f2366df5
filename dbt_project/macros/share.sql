{# A part of a whole in percent; null where there is no whole. #}
{% macro share_pct(part, whole) -%}
    cast(case when {{ whole }} > 0 then {{ part }} * 100.0 / {{ whole }} end as decimal(9, 4))
{%- endmacro %}
