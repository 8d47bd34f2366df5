{# How names, numbers and addresses of firms and people are written so that two systems' spellings of one can be compared. What says nothing
   becomes null: an empty field, a number too short to be one, a mailbox of the public. #}

{# Letters and digits only, one blank between words, no accents: "Müller & Söhne" is "muller and sohne". #}
{% macro plain_text(expression) -%}
    nullif(trim(regexp_replace(replace(lower(strip_accents({{ expression }})), '&', ' and '), '[^\p{L}\p{N}]+', ' ', 'g')), '')
{%- endmacro %}

{# A firm's name without its legal form, of which there may be two: "gmbh and co kg". A name of forms alone stays as it is. #}
{% macro firm_name_key(expression) -%}
    coalesce(
        nullif(
            regexp_replace(
                {{ plain_text(expression) }},
                '(\s+(and|incorporated|inc|corporation|corp|company|co|limited|ltd|llc|llp|lp|plc|gmbh|mbh|ag|kg|ohg|ug|kk|sa|sas|sarl|bv|nv|ab|oy|asa|as|aps|sl|srl|spa|pty|pte|k k|s a|b v|n v|s l|l l c))+$',
                ''
            ),
            ''
        ),
        {{ plain_text(expression) }}
    )
{%- endmacro %}

{# The nine last digits: whether a number was written with its country or not, these are there. #}
{% macro phone_key(expression) -%}
    case
        when length(regexp_replace({{ expression }}, '\D', '', 'g')) >= 7
            then right(regexp_replace(replace({{ expression }}, '(0)', ''), '\D', '', 'g'), 9)
    end
{%- endmacro %}

{# A tax number without blanks, dots and its country. #}
{% macro tax_key(expression) -%}
    case
        when length(regexp_replace({{ expression }}, '\W', '', 'g')) >= 5
            then regexp_replace(upper(regexp_replace({{ expression }}, '[\W_]', '', 'g')), '^[A-Z]{2}(\d)', '\1')
    end
{%- endmacro %}

{# A domain that is a firm's own: not one at which everybody can have a mailbox. #}
{% macro own_domain(expression) -%}
    case
        when
            nullif(trim({{ expression }}), '') not in (
                'gmail.com', 'googlemail.com', 'outlook.com', 'hotmail.com', 'live.com', 'msn.com', 'yahoo.com', 'yahoo.co.uk', 'yahoo.co.jp',
                'icloud.com', 'me.com', 'aol.com', 'gmx.de', 'gmx.net', 'web.de', 't-online.de', 'proton.me', 'protonmail.com', 'mail.com',
                'qq.com', '163.com', 'docomo.ne.jp', 'orange.fr', 'free.fr', 'btinternet.com'
            )
            then regexp_replace(lower(trim({{ expression }})), '^www\.', '')
    end
{%- endmacro %}
