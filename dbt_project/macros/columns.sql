{# Tells the orchestrator a built model's columns, from which it derives column lineage, and those of parents that this run does not
   build, which nobody else tells. Run as a post-hook within dbt's own connection: DuckDB lets nobody else read while a build holds the
   file. The shape is what dagster-dbt expects. One query for all of them: a call of the adapter for each would take a third of the
   build. #}
{% macro tell_columns() %}
    {%- if execute and env_var('DAGSTER_DBT_CLI', '') == 'true' -%}
        {%- set told = {'relation_name': this | string, 'columns': {}, 'parents': {}} -%}
        {%- for parent_id in graph.nodes[model.unique_id].depends_on.nodes -%}
            {%- set parent = graph.nodes.get(parent_id) or graph.sources.get(parent_id) -%}
            {%- if parent.resource_type != 'model' or parent_id not in selected_resources -%}
                {%- do told.parents.update({parent.relation_name: {'columns': {}}}) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set described = [] -%}
        {%- for relation in [told.relation_name] + told.parents.keys() | list -%}
            {%- do described.append("select '" ~ relation ~ "', column_name, column_type from (describe " ~ relation ~ ")") -%}
        {%- endfor -%}
        {%- for row in adapter.execute(described | join(' union all '), fetch=true)[1].rows -%}
            {%- set columns = told.columns if row[0] == told.relation_name else told.parents[row[0]].columns -%}
            {%- do columns.update({row[1]: {'data_type': row[2]}}) -%}
        {%- endfor -%}
        {%- do log(tojson(told), info=true) -%}
    {%- endif -%}
{% endmacro %}
