-- Every firm and every person as each system writes them, in one spelling, so that they can be compared. The hash tells whether a record
-- has changed in anything that is compared.
with

org_units as (

    select * from {{ ref('bridge_org_unit') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

preferences as (

    select * from {{ ref('growth_systems') }}

),

parties as (

    select
        stacked.*,
        known.email_domain
    from {{ ref('int_ledger_parties_stacked') }} as stacked
    inner join {{ ref('dim_party') }} as known on stacked.connection_id = known.connection_id and stacked.party_id = known.party_id
    where known.is_customer and known.partner_entity_id is null

),

companies as (

    select
        source_system,
        connection_id,
        company_id,
        org_unit_ref,
        company_name,
        domain,
        street,
        postal_code,
        phone,
        tax_id,
        created_at
    from {{ ref('int_growth_companies_stacked') }}
    union all
    select
        'marketo' as source_system,
        connection_id,
        company_id,
        org_unit_ref,
        company_name,
        domain,
        street,
        postal_code,
        phone,
        tax_id,
        created_at
    from {{ ref('int_marketo_companies_conformed') }}

),

people as (

    select * from {{ ref('int_growth_people_stacked') }}

),

-- Firms of the CRM to which something was sold.
buyers as (

    select distinct
        connection_id,
        company_id
    from {{ ref('int_growth_deals_stacked') }}
    where status = 'won' and company_id is not null

),

marketo_leads as (

    select * from {{ ref('int_marketo_leads_standing') }}

),

salesforce_accounts as (

    select * from {{ ref('int_salesforce_accounts_resolved') }}

),

salesforce_persons as (

    select * from {{ ref('int_salesforce_persons_resolved') }}

),

-- What a tool itself says about which record of the CRM is the same.
stated as (

    select
        'firm' as kind,
        companies.connection_id,
        companies.company_id as native_id,
        min('firm|' || accounts.connection_id || '|' || accounts.company_id) as refers_to
    from companies
    inner join salesforce_accounts as accounts
        on case when companies.source_system = 'marketo' then companies.company_id end = accounts.record_id
    group by companies.connection_id, companies.company_id
    union all
    select
        'person' as kind,
        leads.connection_id,
        leads.lead_id as native_id,
        min('person|' || persons.connection_id || '|' || persons.person_id) as refers_to
    from marketo_leads as leads
    inner join salesforce_persons as persons on coalesce(leads.sfdc_contact_id, leads.sfdc_lead_id) = persons.record_id
    group by leads.connection_id, leads.lead_id

),

firms as (

    select
        entities.entity_id,
        parties.source_system,
        'books' as system_role,
        parties.connection_id,
        parties.party_id as native_id,
        parties.party_name as display_name,
        {{ own_domain('parties.email_domain') }} as domain,
        parties.phone,
        parties.tax_id,
        parties.street,
        parties.postal_code,
        parties.created_at,
        true as is_buyer
    from parties
    inner join entities on parties.connection_id = entities.connection_id
    union all
    select
        org_units.entity_id,
        companies.source_system,
        case when preferences.is_tool then 'marketing' else 'crm' end as system_role,
        companies.connection_id,
        companies.company_id as native_id,
        companies.company_name as display_name,
        {{ own_domain('companies.domain') }} as domain,
        companies.phone,
        companies.tax_id,
        companies.street,
        companies.postal_code,
        companies.created_at,
        case when not preferences.is_tool then buyers.company_id is not null end as is_buyer
    from companies
    inner join preferences on companies.source_system = preferences.source_system
    inner join org_units
        on companies.connection_id = org_units.connection_id and coalesce(trim(companies.org_unit_ref), '') = org_units.org_unit_ref
    left join buyers on companies.connection_id = buyers.connection_id and companies.company_id = buyers.company_id

),

records as (

    select
        'firm' as kind,
        entity_id,
        source_system,
        system_role,
        connection_id,
        native_id,
        display_name,
        {{ firm_name_key('display_name') }} as name_key,
        cast(null as varchar) as given_key,
        cast(null as varchar) as family_key,
        cast(null as varchar) as email,
        domain,
        {{ phone_key('phone') }} as phone_key,
        {{ tax_key('tax_id') }} as tax_key,
        {{ plain_text('street') }} as street_key,
        {{ plain_text('postal_code') }} as postal_key,
        is_buyer,
        cast(null as varchar) as employer_key,
        created_at
    from firms
    union all
    select
        'person' as kind,
        org_units.entity_id,
        people.source_system,
        case when preferences.is_tool then 'marketing' else 'crm' end as system_role,
        people.connection_id,
        people.person_id as native_id,
        nullif(concat_ws(' ', people.first_name, people.last_name), '') as display_name,
        {{ plain_text("concat_ws(' ', people.first_name, people.last_name)") }} as name_key,
        {{ plain_text('people.first_name') }} as given_key,
        {{ plain_text('people.last_name') }} as family_key,
        nullif(lower(trim(people.email)), '') as email,
        -- Whom somebody works for: the domain of the mailbox, else that of the firm that the CRM names.
        coalesce({{ own_domain("split_part(lower(people.email), '@', 2)") }}, {{ own_domain('employers.domain') }}) as domain,
        {{ phone_key('people.phone') }} as phone_key,
        cast(null as varchar) as tax_key,
        cast(null as varchar) as street_key,
        cast(null as varchar) as postal_key,
        cast(null as boolean) as is_buyer,
        'firm|' || employers.connection_id || '|' || employers.company_id as employer_key,
        people.created_at
    from people
    inner join preferences on people.source_system = preferences.source_system
    inner join org_units
        on people.connection_id = org_units.connection_id and coalesce(trim(people.org_unit_ref), '') = org_units.org_unit_ref
    left join companies as employers on people.connection_id = employers.connection_id and people.company_id = employers.company_id

),

final as (

    select
        records.kind || '|' || records.connection_id || '|' || records.native_id as record_key,
        records.*,
        stated.refers_to,
        md5(
            concat_ws(
                chr(31),
                {% for column in [
                    'records.entity_id', 'records.name_key', 'records.given_key', 'records.family_key', 'records.email', 'records.domain',
                    'records.phone_key', 'records.tax_key', 'records.street_key', 'records.postal_key', 'cast(records.is_buyer as varchar)', 'stated.refers_to',
                ] %}
                    coalesce({{ column }}, '-'){{ ',' if not loop.last }}
                {% endfor %}
            )
        ) as record_hash
    from records
    left join stated
        on records.kind = stated.kind and records.connection_id = stated.connection_id and records.native_id = stated.native_id

)

select * from final
