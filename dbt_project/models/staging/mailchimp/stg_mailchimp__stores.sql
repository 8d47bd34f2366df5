with

source as (

    {{ completed_loads('mailchimp', 'stores') }}

),

renamed as (

    select
        connection_id,
        id as store_id,
        list_id,
        name as store_name,
        domain,
        platform,
        currency_code as currency,
        created_at
    from source

)

select * from renamed
