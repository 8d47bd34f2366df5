{# Of the charges that are sold and bought between two entities, those that share some columns: the first with the first, the second with the
   second. Charges that `besides` (earlier steps) have paired are left out; two sides are at most some days apart. #}
{% macro charges_sharing(columns, status, days_apart, besides=[]) -%}
    {%- set shared = ['seller_entity_id', 'buyer_entity_id'] + columns -%}
    select
        sellers.seller_key,
        buyers.buyer_key,
        '{{ status }}' as match_status
    from {{ _placed('sold', 'seller', shared, besides) }} as sellers
    inner join {{ _placed('bought', 'buyer', shared, besides) }} as buyers
        on
            {% for column in shared + ['place'] %}{{ 'and ' if not loop.first }}sellers.{{ column }} = buyers.{{ column }}
            {% endfor %}
    where abs(date_diff('day', sellers.seller_date, buyers.buyer_date)) <= {{ days_apart }}
{%- endmacro %}

{% macro _placed(charges, side, shared, besides) -%}
    (
        select
            {{ charges }}.*,
            row_number() over (
                partition by {{ charges }}.{{ shared | join(', ' ~ charges ~ '.') }} order by {{ charges }}.{{ side }}_date, {{ charges }}.{{ side }}_key
            ) as place
        from {{ charges }}
        {%- for step in besides %}
        anti join {{ step }} on {{ charges }}.{{ side }}_key = {{ step }}.{{ side }}_key
        {%- endfor %}
    )
{%- endmacro %}
