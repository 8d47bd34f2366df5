with

persons as (

    select * from {{ ref('int_salesforce_persons_resolved') }}

),

opportunities as (

    select * from {{ ref('stg_salesforce__opportunities') }}

),

contact_roles as (

    select * from {{ ref('stg_salesforce__opportunity_contact_roles') }}

),

-- Merged contacts may both have been on a deal: the main one's role counts, else the first.
final as (

    select
        contact_roles.connection_id,
        contact_roles.opportunity_id as deal_id,
        persons.person_id,
        contact_roles.role
    from contact_roles
    inner join opportunities
        on contact_roles.connection_id = opportunities.connection_id and contact_roles.opportunity_id = opportunities.opportunity_id
    inner join persons on contact_roles.connection_id = persons.connection_id and contact_roles.contact_id = persons.record_id
    qualify
        row_number() over (
            partition by contact_roles.connection_id, contact_roles.opportunity_id, persons.person_id
            order by cast(contact_roles.is_primary as integer) desc, contact_roles.created_at asc, contact_roles.contact_role_id asc
        ) = 1

)

select * from final
