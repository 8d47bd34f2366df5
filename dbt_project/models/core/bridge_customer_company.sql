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

keyed as (

    select
        *,
        regexp_replace(lower(trim(company_name)), '\s+', ' ', 'g') as name_key
    from firms

),

-- Exact keys only: the domain of the accounting address first, then the name.
pairs as (

    {% for method, key in [('domain', 'customers.email_domain = keyed.domain'), ('name', 'customers.name_key = keyed.name_key')] %}
        select
            customers.connection_id,
            customers.party_id,
            customers.name_key = keyed.name_key as is_same_name,
            keyed.connection_id as crm_connection_id,
            keyed.company_id,
            keyed.industry,
            keyed.country,
            keyed.created_at,
            '{{ method }}' as match_method
        from customers
        inner join keyed on customers.entity_id = keyed.entity_id and {{ key }}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

-- A firm that is in the CRM twice is one customer twice; a firm is at most one customer.
candidates as (

    select *
    from pairs
    qualify row_number() over (
        partition by crm_connection_id, company_id
        order by
            case match_method when 'domain' then 0 else 1 end,
            case when is_same_name then 0 else 1 end,
            party_id
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
