with

losers as (

    select * from {{ ref('int_salesforce_merges_followed') }}

),

contacts as (

    select * from {{ ref('stg_salesforce__contacts') }}

),

leads as (

    select * from {{ ref('stg_salesforce__leads') }}

),

records as (

    select
        connection_id,
        contact_id as record_id,
        contact_id
    from contacts
    union all
    select
        connection_id,
        loser_id as record_id,
        winner_id as contact_id
    from losers
    where object_type = 'contacts'
    union all
    select
        connection_id,
        lead_id as record_id,
        converted_contact_id as contact_id
    from leads
    union all
    select
        losers.connection_id,
        losers.loser_id as record_id,
        leads.converted_contact_id as contact_id
    from losers
    inner join leads on losers.connection_id = leads.connection_id and losers.winner_id = leads.lead_id
    where losers.object_type = 'leads'

),

survivors as (

    select
        records.connection_id,
        records.record_id,
        coalesce(contact_merges.winner_id, records.contact_id) as contact_id,
        coalesce(lead_merges.winner_id, records.record_id) as own_id
    from records
    left join losers as contact_merges
        on
            records.connection_id = contact_merges.connection_id
            and contact_merges.object_type = 'contacts'
            and records.contact_id = contact_merges.loser_id
    left join losers as lead_merges
        on
            records.connection_id = lead_merges.connection_id
            and lead_merges.object_type = 'leads'
            and records.record_id = lead_merges.loser_id

),

-- Where the contact that a lead became is gone, the lead itself is all that is left of the person.
final as (

    select
        survivors.connection_id,
        survivors.record_id,
        coalesce(contacts.contact_id, survivors.own_id) as person_id,
        contacts.contact_id is not null as is_contact
    from survivors
    left join contacts on survivors.connection_id = contacts.connection_id and survivors.contact_id = contacts.contact_id

)

select * from final
