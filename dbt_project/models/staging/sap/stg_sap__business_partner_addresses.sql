with

source as (

    {{ completed_loads('sap', 'business_partner_addresses') }}

),

renamed as (

    select
        connection_id,
        business_partner as party_id,
        address_id,
        validity_start_date as valid_from,
        country as country_code,
        nullif(concat_ws(' ', street_name, house_number), '') as street,
        city_name as city,
        postal_code
    from source

)

select * from renamed
