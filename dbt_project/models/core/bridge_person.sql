-- Who is who: people of one e-mail address in one company are one person, whatever system knows them; the CRM's own record, before
-- any tool's, stands for them.
with

people as (

    select * from {{ ref('int_growth_people_stacked') }}

),

org_units as (

    select * from {{ ref('bridge_org_unit') }}

),

preferences as (

    select * from {{ ref('growth_systems') }}

),

known as (

    select
        org_units.entity_id,
        people.connection_id,
        people.person_id,
        people.company_id,
        people.email,
        coalesce(people.email, people.connection_id || '|' || people.person_id) as identity,
        row_number() over (
            order by
                preferences.is_tool, case when people.company_id is null then 1 else 0 end, preferences.preference, people.created_at,
                people.connection_id, people.person_id
        ) as place
    from people
    inner join preferences on people.source_system = preferences.source_system
    inner join org_units
        on people.connection_id = org_units.connection_id and coalesce(trim(people.org_unit_ref), '') = org_units.org_unit_ref

),

final as (

    select
        entity_id,
        connection_id,
        person_id,
        email,
        arg_min(connection_id, place) over person as contact_connection_id,
        arg_min(person_id, place) over person as contact_id,
        arg_min(company_id, place) over person as company_id,
        count(*) over person as record_count
    from known
    window person as (partition by entity_id, identity)

)

select * from final
