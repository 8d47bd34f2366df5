{# A UTM tag of an address or of what is added to addresses, in lower case; null where there is none, or where a platform has yet to write
   its value in when somebody clicks. #}
{% macro utm_of(text, tag) -%}
    lower(nullif(regexp_extract({{ text }}, '(?:^|[?&])utm_{{ tag }}=([^&#{]*)(?:[&#]|$)', 1), ''))
{%- endmacro %}

{# The host of an address, in lower case; null where it has none. #}
{% macro host_of(url) -%}
    lower(nullif(regexp_extract({{ url }}, '^https?://([^/:?#]+)', 1), ''))
{%- endmacro %}
