{# A whole number from 0 to below `below` that looks drawn by chance, and is the same for the same text on any day and any machine. #}
{% macro chance_of(text, below) -%}
    cast(md5_number_lower({{ text }}) % {{ below }} as integer)
{%- endmacro %}
