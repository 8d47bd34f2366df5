{# Rows of completed loads only: a load that was cut off is invisible. Uses `in`, since a load may be recorded twice. #}
{% macro completed_loads(source_name, table_name) -%}
    select * from {{ source(source_name, table_name) }}
    where _dlt_load_id in (select load_id from {{ source(source_name, '_dlt_loads') }} where status = 0)
{%- endmacro %}

{# Rows of a table of the database source that are still in the database: what is gone keeps its last state in the raw table. `key` is the
   key as `deleted_rows` tells it, of the alias `source`. #}
{% macro rows_still_there(table_name, key) -%}
    select source.*
    from ({{ completed_loads('database', table_name) }}) as source
    anti join (
        select
            connection_id,
            row_key
        from ({{ completed_loads('database', 'deleted_rows') }})
        where table_name = '{{ table_name }}' and is_deleted
    ) as gone
        on source.connection_id = gone.connection_id and {{ key }} = gone.row_key
{%- endmacro %}

{# Rows of a part of QuickBooks' transactions that belong to their last state. A transaction and its parts travel in one load: what is
   older than the transaction is no longer part of it. #}
{% macro current_parts(table_name) -%}
    select parts.*
    from ({{ completed_loads('quickbooks', table_name) }}) as parts
    inner join {{ ref('stg_quickbooks__transactions') }} as transactions
        on
            parts.connection_id = transactions.connection_id
            and parts.transaction_type = transactions.transaction_type
            and parts.transaction_id = transactions.transaction_id
            and parts._dlt_load_id = transactions._dlt_load_id
    where not transactions.is_deleted
{%- endmacro %}
