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
        coalesce(min(by_ref.entity_id), min(by_name.entity_id), min(entities.entity_id)) as partner_entity_id
    from parties
    left join partners as by_ref on parties.source_system = by_ref.source_system and parties.partner_ref = by_ref.partner_ref
    left join partners as by_name
        on parties.source_system = by_name.source_system and lower(trim(parties.party_name)) = lower(trim(by_name.partner_ref))
    left join entities on lower(trim(parties.party_name)) = lower(trim(entities.entity_name))
    where coalesce(by_ref.entity_id, by_name.entity_id, entities.entity_id) is not null
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
