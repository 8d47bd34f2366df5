with

source as (

    {{ completed_loads('quickbooks', 'accounts') }}

),

renamed as (

    select
        connection_id,
        id as account_id,
        coalesce(nullif(acct_num, ''), id) as account_code,
        -- QuickBooks marks the names of inactive ones.
        case when coalesce(active, true) then name else regexp_replace(name, '\s*\(deleted( \d+)?\)$', '') end as account_name,
        classification as account_class,
        account_type,
        account_sub_type,
        currency as currency_code,
        parent_id as parent_account_id,
        coalesce(active, true) as is_active,
        -- Where several would do, QuickBooks takes the oldest: numbers are given in order.
        try_cast(id as bigint) as account_number
    from source

)

select * from renamed
