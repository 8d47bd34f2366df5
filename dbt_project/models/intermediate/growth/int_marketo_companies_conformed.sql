with

leads as (

    select * from {{ ref('int_marketo_leads_standing') }}

),

-- Of several people of a firm, the one that was changed last tells about it.
final as (

    select
        connection_id,
        company_id,
        org_unit_ref,
        company_name,
        domain,
        industry,
        country,
        city,
        street,
        postal_code,
        company_phone as phone,
        cast(null as varchar) as tax_id,
        min(created_at) over (partition by connection_id, company_id) as created_at
    from leads
    where company_id is not null
    qualify row_number() over (partition by connection_id, company_id order by updated_at desc, lead_id asc) = 1

)

select * from final
