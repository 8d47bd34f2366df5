{# Rows of completed loads only: a load that was cut off is invisible. Uses `in`, since a load may be recorded twice. #}
{% macro completed_loads(source_name, table_name) -%}
    select * from {{ source(source_name, table_name) }}
    where _dlt_load_id in (select load_id from {{ source(source_name, '_dlt_loads') }} where status = 0)
{%- endmacro %}
