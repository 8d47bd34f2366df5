{# Fails with the grains that stand in more than one row, and with those that lack a part which is not `optional`. #}
{% test unique_grain(model, columns, optional=[]) %}
select {{ columns | join(', ') }}, count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
    {%- for column in columns if column not in optional %} or {{ column }} is null{% endfor %}
{% endtest %}
