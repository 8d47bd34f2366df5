-- Who is who: records that identity resolution finds to be one person are one, whatever system knows them; the CRM's own record, before
-- any tool's, stands for them.
with

people as (

    select * from {{ ref('int_growth_people_stacked') }}

),

crosswalk as (

    select * from {{ ref('customer_crosswalk') }}
    where is_current

),

preferences as (

    select * from {{ ref('growth_systems') }}

),

known as (

    select
        crosswalk.entity_id,
        people.connection_id,
        people.person_id,
        people.company_id,
        people.email,
        crosswalk.customer_id as person_key,
        row_number() over (
            order by
                preferences.is_tool, case when people.company_id is null then 1 else 0 end, preferences.preference, people.created_at,
                people.connection_id, people.person_id
        ) as place
    from people
    inner join preferences on people.source_system = preferences.source_system
    inner join crosswalk on 'person|' || people.connection_id || '|' || people.person_id = crosswalk.record_key

),

persons as (

    select
        entity_id,
        connection_id,
        person_id,
        email,
        arg_min(connection_id, place) over person as contact_connection_id,
        arg_min(person_id, place) over person as contact_id,
        arg_min(company_id, place) over person as company_id,
        count(*) over person as record_count,
        person_key,
        -- The firm that the first of the records names, which knows one.
        arg_min(connection_id, place) filter (where company_id is not null) over person as employer_connection_id
    from known
    window person as (partition by entity_id, person_key)

),

final as (

    select
        persons.entity_id,
        persons.connection_id,
        persons.person_id,
        persons.email,
        persons.contact_connection_id,
        persons.contact_id,
        persons.company_id,
        persons.record_count,
        persons.person_key,
        firms.customer_id
    from persons
    left join crosswalk as firms
        on 'firm|' || persons.employer_connection_id || '|' || persons.company_id = firms.record_key

)

select * from final
