with

organizations as (

    select * from {{ ref('stg_pipedrive__organizations') }}

),

final as (

    select
        connection_id,
        organization_id as company_id,
        cast(null as varchar) as org_unit_ref,
        organization_name as company_name,
        domain,
        cast(null as varchar) as industry,
        country,
        city,
        street,
        postal_code,
        cast(null as varchar) as phone,
        cast(null as varchar) as tax_id,
        created_at
    from organizations

)

select * from final
