{# The quota that holds for each seller and month of `months`, which has them by these names, and the company as `entity_id`: the seller's own,
   where somebody plans it, else that of every seller of the company. #}
{% macro quotas_of(months, month) -%}
    select
        {{ months }}.entity_id,
        {{ months }}.seller_id,
        {{ months }}.{{ month }},
        targets.amount,
        targets.currency
    from {{ months }}
    inner join {{ ref('fct_target') }} as targets
        on {{ months }}.entity_id = targets.entity_id and {{ months }}.{{ month }} between targets.valid_from and targets.valid_to
    left join {{ ref('dim_seller') }} as sellers on {{ months }}.seller_id = sellers.seller_id
    where targets.metric = 'quota' and (targets.scope = 'entity' or lower(targets.scope_ref) = sellers.email)
    qualify row_number() over (
        partition by {{ months }}.entity_id, {{ months }}.seller_id, {{ months }}.{{ month }} order by targets.scope = 'entity'
    ) = 1
{%- endmacro %}
