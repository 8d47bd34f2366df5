{# Tells the orchestrator a built model's columns and those of its parents, from which it derives column lineage. Run as a post-hook
   within dbt's own connection: DuckDB lets nobody else read while a build holds the file. The shape is what dagster-dbt expects. #}
{% macro tell_columns() %}
    {%- if execute and env_var('DAGSTER_DBT_CLI', '') == 'true' -%}
        {%- set parents = {} -%}
        {%- for parent_id in graph.nodes[model.unique_id].depends_on.nodes -%}
            {%- set parent = graph.nodes.get(parent_id) or graph.sources.get(parent_id) -%}
            {%- set relation = api.Relation.create(database=parent.database, schema=parent.schema, identifier=parent.alias or parent.identifier) -%}
            {%- do parents.update({parent.relation_name: {'columns': columns_of(relation)}}) -%}
        {%- endfor -%}
        {%- do log(tojson({'relation_name': this | string, 'columns': columns_of(this), 'parents': parents}), info=true) -%}
    {%- endif -%}
{% endmacro %}

{% macro columns_of(relation) %}
    {%- set found = {} -%}
    {%- for column in adapter.get_columns_in_relation(relation) -%}
        {%- do found.update({column.name: {'data_type': column.data_type}}) -%}
    {%- endfor -%}
    {{ return(found) }}
{% endmacro %}
