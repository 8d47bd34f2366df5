{# Tells the orchestrator a built model's columns, from which it derives column lineage. Run as a post-hook within dbt's own connection:
   DuckDB lets nobody else read while a build holds the file. The shape is what dagster-dbt expects. A query of its own: a call of the
   adapter would take a third of the build. #}
{% macro tell_columns() %}
    {%- if execute and env_var('DAGSTER_DBT_CLI', '') == 'true' -%}
        {%- set told = {'relation_name': this | string, 'columns': {}} -%}
        {%- for row in adapter.execute('select column_name, column_type from (describe ' ~ this ~ ')', fetch=true)[1].rows -%}
            {%- do told.columns.update({row[0]: {'data_type': row[1]}}) -%}
        {%- endfor -%}
        {%- do log(tojson(told), info=true) -%}
    {%- endif -%}
{% endmacro %}

{# A value as a literal of SQL, for queries that are told to people. #}
{% macro quoted(value) -%}
    '''' || replace(cast({{ value }} as varchar), '''', '''''') || ''''
{%- endmacro %}
