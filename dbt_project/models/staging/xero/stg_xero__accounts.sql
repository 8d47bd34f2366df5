with

source as (

    {{ completed_loads('xero', 'accounts') }}

),

renamed as (

    select
        connection_id,
        account_id,
        coalesce(nullif(code, ''), account_id) as account_code,
        name as account_name,
        lower(type) as account_type,
        lower(class) as account_class,
        lower(status) as status,
        lower(nullif(system_account, '')) as system_account,
        nullif(currency_code, '') as currency_code
    from source

)

select * from renamed
