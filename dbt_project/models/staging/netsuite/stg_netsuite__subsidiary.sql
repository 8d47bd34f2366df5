with

source as (

    {{ completed_loads('netsuite', 'subsidiary') }}

),

renamed as (

    select
        connection_id,
        id as subsidiary_id,
        name as subsidiary_name,
        currency as currency_id,
        country as country_code,
        coalesce(iselimination, false) as is_elimination
    from source

)

select * from renamed
