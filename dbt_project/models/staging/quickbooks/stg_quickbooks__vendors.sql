with

source as (

    {{ completed_loads('quickbooks', 'vendors') }}

),

renamed as (

    select
        connection_id,
        id as vendor_id,
        -- QuickBooks marks the names of inactive ones.
        case
            when coalesce(active, true) then display_name
            else regexp_replace(display_name, '\s*\(deleted( \d+)?\)$', '')
        end as vendor_name,
        lower(email) as email,
        coalesce(business_number, tax_identifier) as tax_id,
        case when length(bill_country) = 2 then upper(bill_country) end as country_code,
        ap_account_id as payable_account_id
    from source

)

select * from renamed
