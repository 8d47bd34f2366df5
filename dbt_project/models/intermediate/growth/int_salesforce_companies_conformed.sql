with

accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}

),

final as (

    select
        connection_id,
        account_id as company_id,
        org_unit_ref,
        account_name as company_name,
        nullif(regexp_extract(lower(website), '^(?:https?://)?(?:www\.)?([^/:?#]+)', 1), '') as domain,
        industry,
        country,
        city,
        street,
        postal_code,
        phone,
        cast(null as varchar) as tax_id,
        created_at
    from accounts

)

select * from final
