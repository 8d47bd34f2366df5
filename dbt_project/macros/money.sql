{# Decimals of a currency's minor unit (ISO 4217): JPY has none, KWD has three. #}
{% macro minor_unit(currency) -%}
    case
        when {{ currency }} in ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND', 'VUV', 'XAF', 'XOF', 'XPF') then 0
        when {{ currency }} in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then 3
        else 2
    end
{%- endmacro %}

{# A posted amount: rounded half away from zero to the currency's minor unit. #}
{% macro posted(amount, currency) -%}
    case {{ minor_unit(currency) }}
        when 0 then cast(round({{ amount }}, 0) as decimal(20, 4))
        when 3 then cast(round({{ amount }}, 3) as decimal(20, 4))
        else cast(round({{ amount }}, 2) as decimal(20, 4))
    end
{%- endmacro %}

{# An amount as the models keep it: four decimals, rounded half away from zero. A cast rounds in the same way; rounding first takes a
   third of the time, which counts where every line and document of a raw table passes. #}
{% macro money(amount) -%}
    cast(round({{ amount }}, 4) as decimal(20, 4))
{%- endmacro %}

{# The sum of a group's amounts, null where one of them is unknown: a part is never taken for the whole. #}
{% macro whole_sum(amount) -%}
    case when count({{ amount }}) = count(*) then sum({{ amount }}) end
{%- endmacro %}

{# amount x part / whole to four decimals, rounded half away from zero; all with four decimals. In whole numbers: a quotient of decimals would
   be a floating one. Null where the whole is 0. #}
{% macro apportioned(amount, part, whole) -%}
    {%- set product -%} cast({{ amount }} * 10000 as hugeint) * cast(({{ part }}) * 10000 as hugeint) {%- endset -%}
    {%- set divisor -%} cast({{ whole }} * 10000 as hugeint) {%- endset -%}
    cast(
        cast(
            sign({{ product }}) * sign({{ divisor }}) * ((2 * abs({{ product }}) + abs({{ divisor }})) // nullif(2 * abs({{ divisor }}), 0))
            as decimal(38, 0)
        ) * 0.0001 as decimal(20, 4)
    )
{%- endmacro %}
