{# The shapes of planning, from the cells of a planning tool: a relation with one row for each cell at the bottom of every dimension, whose
   line item has the hub's name (`amount`, `headcount`, `volume`, `price`, `revenue target`, `cac target`, `roi target`, `quota`). #}
{% macro plan_entries_of(cells, phasing_method="'monthly'") -%}
    select
        connection_id,
        cell_id as plan_line_id,
        plan_id,
        org_unit_ref,
        account_code,
        account_name,
        department_name,
        period_month,
        amount as amount_func,
        {{ phasing_method }} as phasing_method,
        _page_id
    from {{ cells }}
    where line_item = 'amount' and plan_id is not null and account_code is not null and period_month is not null and amount is not null
{%- endmacro %}

{% macro plan_drivers_of(cells) -%}
    select
        connection_id,
        plan_id,
        org_unit_ref,
        line_item as driver,
        department_name,
        product_name,
        period_month,
        amount
    from {{ cells }}
    where line_item in ('headcount', 'volume', 'price') and plan_id is not null and period_month is not null and amount is not null
{%- endmacro %}

{% macro plan_targets_of(cells) -%}
    select
        connection_id,
        org_unit_ref,
        case line_item
            when 'revenue target' then 'revenue'
            when 'cac target' then 'cac'
            when 'roi target' then 'roi'
            when 'quota' then 'quota'
        end as metric,
        case
            when seller is not null then 'seller'
            when channel is not null then 'channel'
            when product_name is not null then 'product'
            when line_item = 'roi target' then 'campaign'
            else 'entity'
        end as scope,
        coalesce(seller, channel, product_name) as scope_ref,
        period_month,
        amount,
        case when line_item <> 'roi target' then currency end as currency
    from {{ cells }}
    where line_item in ('revenue target', 'cac target', 'roi target', 'quota') and period_month is not null and amount is not null
{%- endmacro %}
