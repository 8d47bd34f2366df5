{# Whether a variance is good: F favourable, U unfavourable, N none. Amounts are in natural sign, so that more of a revenue account is good
   and more of a cost account is not; a contra account (discounts, returns, credits) has the class of what it reduces and amounts below
   zero, so that the class alone decides for it too. #}
{% macro favourable(actual, comparator, account_class) -%}
    case
        when {{ actual }} = coalesce({{ comparator }}, 0) then 'N'
        when ({{ actual }} > coalesce({{ comparator }}, 0)) = ({{ account_class }} = 'revenue') then 'F'
        else 'U'
    end
{%- endmacro %}

{# What a comparison with another figure comes to: there may be nothing to compare with, nothing to compare, or the other sign. #}
{% macro variance_status(actual, comparator) -%}
    case
        when coalesce({{ comparator }}, 0) = 0 then 'unbudgeted'
        when {{ actual }} = 0 then 'unspent'
        when ({{ actual }} < 0) <> ({{ comparator }} < 0) then 'sign_change'
        else 'ok'
    end
{%- endmacro %}

{# Beyond both thresholds, strictly: the amount, and the share of what it is compared with where there is any. #}
{% macro is_material(actual, comparator) -%}
    abs({{ actual }} - coalesce({{ comparator }}, 0)) > {{ var('variance_material_amount') }}
    and (
        coalesce({{ comparator }}, 0) = 0
        or abs({{ actual }} - {{ comparator }}) * 100 > {{ var('variance_material_pct') }} * abs({{ comparator }})
    )
{%- endmacro %}
