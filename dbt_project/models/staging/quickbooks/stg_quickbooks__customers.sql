with

source as (

    {{ completed_loads('quickbooks', 'customers') }}

),

renamed as (

    select
        connection_id,
        id as customer_id,
        -- QuickBooks marks the names of inactive ones.
        case
            when coalesce(active, true) then display_name
            else regexp_replace(display_name, '\s*\(deleted( \d+)?\)$', '')
        end as customer_name,
        lower(email) as email,
        coalesce(business_number, primary_tax_identifier, resale_num) as tax_id,
        case when length(bill_country) = 2 then upper(bill_country) end as country_code,
        phone,
        bill_city as city,
        bill_postal_code as postal_code,
        created_at,
        ar_account_id as receivable_account_id
    from source

)

select * from renamed
