with

mentions as (

    select
        connection_id,
        customer_number,
        customer_name,
        updated_at
    from {{ ref('stg_oracle_fusion__receivables_invoices') }}
    union all
    select
        connection_id,
        customer_number,
        customer_name,
        updated_at
    from {{ ref('stg_oracle_fusion__receivables_credit_memos') }}
    union all
    select
        connection_id,
        customer_number,
        customer_name,
        updated_at
    from {{ ref('stg_oracle_fusion__standard_receipts') }}

),

-- Receipts of extracts know a customer by name only.
numbers as (

    select
        connection_id,
        lower(trim(customer_name)) as name_key,
        min(customer_number) as customer_number
    from mentions
    where customer_number is not null
    group by connection_id, lower(trim(customer_name))
    having count(distinct customer_number) = 1

),

final as (

    select
        mentions.connection_id,
        mentions.customer_number,
        mentions.customer_name,
        lower(trim(mentions.customer_name)) as name_key,
        'customer|' || coalesce(mentions.customer_number, numbers.customer_number, mentions.customer_name) as party_id,
        max(mentions.updated_at) as updated_at
    from mentions
    left join numbers
        on mentions.connection_id = numbers.connection_id and lower(trim(mentions.customer_name)) = numbers.name_key
    where coalesce(mentions.customer_number, mentions.customer_name) is not null
    group by
        mentions.connection_id, mentions.customer_number, mentions.customer_name, lower(trim(mentions.customer_name)),
        coalesce(mentions.customer_number, numbers.customer_number, mentions.customer_name)

)

select * from final
