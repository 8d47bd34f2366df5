{# The levels that forecasts are told on, each with whether its figures are of one company, and of one account. #}
{% macro forecast_levels() -%}
    select
        unnest(['line', 'account', 'entity', 'group_account', 'group']) as forecast_level,
        unnest([true, true, true, false, false]) as is_of_company,
        unnest([true, true, false, false, false]) as has_account
{%- endmacro %}

{# The key of the series of a level that a line is part of. #}
{% macro forecast_series_key(level, lines) -%}
    case {{ level }}
        when 'line' then {{ lines }}.leaf_key
        when 'account' then concat_ws('|', {{ lines }}.connection_id, {{ lines }}.entity_id, {{ lines }}.account_id)
        when 'entity' then concat_ws('|', {{ lines }}.entity_id, {{ lines }}.account_class)
        when 'group_account' then concat_ws('|', {{ lines }}.group_account_code, {{ lines }}.account_class)
        else {{ lines }}.account_class
    end
{%- endmacro %}
