with

companies as (

    select * from {{ ref('stg_hubspot__companies') }}
    where not is_archived

),

merged as (

    select * from {{ ref('stg_hubspot__merges') }}
    where object_type = 'companies'

),

final as (

    select
        companies.connection_id,
        companies.company_id,
        cast(null as varchar) as org_unit_ref,
        companies.company_name,
        companies.domain,
        companies.industry,
        companies.country,
        companies.city,
        companies.street,
        companies.postal_code,
        companies.phone,
        cast(null as varchar) as tax_id,
        companies.created_at
    from companies
    left join merged on companies.connection_id = merged.connection_id and companies.company_id = merged.loser_id
    where merged.loser_id is null

)

select * from final
