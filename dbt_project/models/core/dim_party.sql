with

parties as (

    select * from {{ ref('int_ledger_parties_stacked') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

partners as (

    select * from {{ ref('intercompany_partners') }}

),

-- A party that bears the name of an entity of the group is that entity, unless the list of partners says otherwise.
named as (

    select
        parties.connection_id,
        parties.party_id,
        coalesce(min(partners.entity_id), min(entities.entity_id)) as partner_entity_id
    from parties
    left join partners
        on
            parties.source_system = partners.source_system
            and (parties.partner_ref = partners.partner_ref or lower(trim(parties.party_name)) = lower(trim(partners.partner_ref)))
    left join entities on lower(trim(parties.party_name)) = lower(trim(entities.entity_name))
    where partners.entity_id is not null or entities.entity_id is not null
    group by parties.connection_id, parties.party_id

),

final as (

    select
        parties.connection_id,
        parties.party_id,
        parties.party_name,
        parties.is_customer,
        parties.is_supplier,
        parties.email,
        lower(nullif(split_part(parties.email, '@', 2), '')) as email_domain,
        parties.tax_id,
        parties.country_code,
        named.partner_entity_id
    from parties
    left join named on parties.connection_id = named.connection_id and parties.party_id = named.party_id

)

select * from final
