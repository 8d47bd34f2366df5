with

accounts as (

    select * from {{ ref('stg_xero__contacts') }}
    where is_customer

),

entities as (

    select * from {{ ref('dim_entity') }}

),

connections as (

    select * from {{ ref('stg_hub__connections') }}

),

merges as (

    select * from {{ ref('stg_hubspot__merges') }}
    where object_type = 'companies'

),

firms as (

    select
        companies.connection_id,
        connections.entity_id,
        companies.company_id,
        companies.company_name,
        companies.domain,
        companies.industry,
        companies.country
    from {{ ref('stg_hubspot__companies') }} as companies
    inner join connections on companies.connection_id = connections.connection_id
    left join merges on companies.connection_id = merges.connection_id and companies.company_id = merges.loser_id
    where merges.loser_id is null and not companies.is_archived

),

customers as (

    select
        entities.entity_id,
        accounts.connection_id,
        accounts.contact_id,
        accounts.contact_name,
        accounts.email_domain,
        regexp_replace(lower(trim(accounts.contact_name)), '\s+', ' ', 'g') as name_key
    from accounts
    inner join entities on accounts.connection_id = entities.connection_id

),

-- Exact keys only: the domain of the accounting address first, then the name.
candidates as (

    select
        customers.connection_id,
        customers.contact_id,
        firms.connection_id as crm_connection_id,
        firms.company_id,
        firms.industry,
        firms.country,
        case when customers.email_domain = firms.domain then 'domain' else 'name' end as match_method
    from customers
    inner join firms
        on
            customers.entity_id = firms.entity_id
            and (
                customers.email_domain = firms.domain
                or customers.name_key = regexp_replace(lower(trim(firms.company_name)), '\s+', ' ', 'g')
            )
    qualify row_number() over (
        partition by customers.connection_id, customers.contact_id
        order by case when customers.email_domain = firms.domain then 0 else 1 end, cast(firms.company_id as bigint)
    ) = 1

),

final as (

    select
        customers.connection_id || '|' || customers.contact_id as customer_id,
        customers.entity_id,
        customers.contact_name as customer_name,
        customers.connection_id as erp_connection_id,
        customers.contact_id as erp_contact_id,
        candidates.crm_connection_id,
        candidates.company_id as crm_company_id,
        candidates.industry,
        candidates.country,
        coalesce(candidates.match_method, 'unmatched') as match_method,
        cast(case when candidates.company_id is null then 0 else 1 end as decimal(3, 2)) as match_confidence
    from customers
    left join candidates on customers.connection_id = candidates.connection_id and customers.contact_id = candidates.contact_id

)

select * from final
