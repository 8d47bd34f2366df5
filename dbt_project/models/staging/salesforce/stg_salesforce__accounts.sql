with

source as (

    {{ completed_loads('salesforce', 'accounts') }}

),

renamed as (

    select
        connection_id,
        id as account_id,
        selling_entity as org_unit_ref,
        owner_id,
        currency_iso_code as currency,
        name as account_name,
        type as account_type,
        parent_id as parent_account_id,
        billing_street as street,
        billing_city as city,
        billing_postal_code as postal_code,
        billing_country as country,
        phone,
        website,
        industry,
        {{ money('annual_revenue') }} as annual_revenue,
        number_of_employees as employee_count,
        created_date as created_at,
        system_modstamp as updated_at
    from source

)

select * from renamed
