{# Shares that add up to their whole: every row of `relation` keeps whole units of `amount`, and what they miss of the whole goes to those
   that lost most by it, a unit each (largest remainder), among equals by `order_by`. The whole is the column `total`, the same for all rows of a
   group of `keys`. What is divided may be negative: the shares of a whole taken back are those of the whole, with the other sign. #}
{% macro largest_remainder(relation, keys, order_by, amounts, currency) -%}
    {%- set by = keys | join(', ') -%}
    select
        * exclude (
            lr_unit{% for amount, total in amounts %}, lr_{{ amount }}_sign, lr_{{ amount }}_whole, lr_{{ amount }}_place, lr_{{ amount }}_left{% endfor %}, lr_count
        ) replace (
            {%- for amount, total in amounts %}
            cast(
                lr_{{ amount }}_sign * (lr_{{ amount }}_whole + floor((lr_{{ amount }}_left + lr_count - lr_{{ amount }}_place) / lr_count))
                / lr_unit as decimal(20, 4)
            ) as {{ amount }}{{ ',' if not loop.last }}
            {%- endfor %}
        )
    from (
        select
            *,
            count(*) over (partition by {{ by }}) as lr_count
            {%- for amount, total in amounts %},
            row_number() over (
                partition by {{ by }} order by lr_{{ amount }}_sign * {{ amount }} * lr_unit - lr_{{ amount }}_whole desc, {{ order_by | join(', ') }}
            ) as lr_{{ amount }}_place,
            lr_{{ amount }}_sign * {{ total }} * lr_unit - sum(lr_{{ amount }}_whole) over (partition by {{ by }}) as lr_{{ amount }}_left
            {%- endfor %}
        from (
            select
                *,
                cast(power(10, {{ minor_unit(currency) }}) as bigint) as lr_unit
                {%- for amount, total in amounts %},
                case when {{ total }} < 0 then -1 else 1 end as lr_{{ amount }}_sign,
                cast(floor(case when {{ total }} < 0 then -1 else 1 end * {{ amount }} * lr_unit) as bigint) as lr_{{ amount }}_whole
                {%- endfor %}
            from {{ relation }}
        )
    )
{%- endmacro %}
