with

source as (

    {{ completed_loads('sap', 'business_partners') }}

),

renamed as (

    select
        connection_id,
        business_partner as party_id,
        customer,
        supplier,
        coalesce(business_partner_full_name, business_partner_name, organization_bp_name1) as party_name,
        trading_partner
    from source

)

select * from renamed
