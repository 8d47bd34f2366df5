with

accounts as (

    select * from {{ ref('dim_party') }}
    where is_customer and partner_entity_id is null

),

entities as (

    select * from {{ ref('dim_entity') }}

),

firms as (

    select
        companies.*,
        org_units.entity_id
    from {{ ref('int_growth_companies_stacked') }} as companies
    inner join {{ ref('bridge_org_unit') }} as org_units
        on companies.connection_id = org_units.connection_id and coalesce(trim(companies.org_unit_ref), '') = org_units.org_unit_ref

),

customers as (

    select
        entities.entity_id,
        accounts.connection_id,
        accounts.party_id,
        accounts.party_name,
        accounts.email_domain,
        regexp_replace(lower(trim(accounts.party_name)), '\s+', ' ', 'g') as name_key
    from accounts
    inner join entities on accounts.connection_id = entities.connection_id

),

-- Exact keys only: the domain of the accounting address first, then the name.
candidates as (

    select
        customers.connection_id,
        customers.party_id,
        customers.name_key = regexp_replace(lower(trim(firms.company_name)), '\s+', ' ', 'g') as is_same_name,
        firms.connection_id as crm_connection_id,
        firms.company_id,
        firms.industry,
        firms.country,
        firms.created_at,
        case when customers.email_domain = firms.domain then 'domain' else 'name' end as match_method
    from customers
    inner join firms
        on
            customers.entity_id = firms.entity_id
            and (
                customers.email_domain = firms.domain
                or customers.name_key = regexp_replace(lower(trim(firms.company_name)), '\s+', ' ', 'g')
            )
    -- A firm that is in the CRM twice is one customer twice; a firm is at most one customer.
    qualify row_number() over (
        partition by firms.connection_id, firms.company_id
        order by
            case when customers.email_domain = firms.domain then 0 else 1 end,
            case when customers.name_key = regexp_replace(lower(trim(firms.company_name)), '\s+', ' ', 'g') then 0 else 1 end,
            customers.party_id
    ) = 1

),

final as (

    select
        crm_connection_id,
        company_id as crm_company_id,
        connection_id || '|' || party_id as customer_id,
        industry,
        country,
        match_method,
        -- The firm that stands for the customer where several do.
        row_number() over (
            partition by connection_id, party_id
            order by case match_method when 'domain' then 0 else 1 end, case when is_same_name then 0 else 1 end, created_at, company_id
        ) = 1 as is_primary
    from candidates

)

select * from final
