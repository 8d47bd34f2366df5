-- HubSpot keeps the first and the latest visit of a person; in between, forms tell. What its own users enter of a person (a contact made
-- by hand) is no touch.
with

contacts as (

    select contacts.*
    from {{ ref('stg_hubspot__contacts') }} as contacts
    semi join {{ ref('int_hubspot_people_conformed') }} as people
        on contacts.connection_id = people.connection_id and contacts.contact_id = people.person_id

),

submissions as (

    select * from {{ ref('stg_hubspot__form_submissions') }}

),

visits as (

    {% for visit in ['first', 'latest'] %}
        select
            connection_id,
            contact_id,
            email,
            {{ visit }}_seen_at as occurred_at,
            lower({{ visit }}_source_data) as campaign_utm,
            {{ visit }}_source as traffic_source
        from contacts
        where {{ visit }}_seen_at is not null and not ({{ visit }}_source = 'offline' and lower({{ visit }}_source_data) = 'crm_ui')
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

-- What salespeople did with a person, and when.
activities as (

    {% for kind in ['meeting', 'call'] %}
        select
            activities.connection_id,
            ties.to_id as contact_id,
            activities.started_at as occurred_at,
            '{{ kind }}' as touch_type
        from {{ ref('stg_hubspot__' ~ kind ~ 's') }} as activities
        inner join {{ ref('int_hubspot_ties_settled') }} as ties
            on
                activities.connection_id = ties.connection_id
                and activities.{{ kind }}_id = ties.from_id
                and ties.from_type = '{{ kind }}s'
                and ties.to_type = 'contacts'
        where not activities.is_archived and activities.started_at is not null
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

final as (

    select
        connection_id,
        contact_id as person_id,
        email,
        occurred_at,
        'visit' as touch_type,
        cast(null as varchar) as campaign_id,
        campaign_utm,
        cast(null as varchar) as utm_medium,
        traffic_source
    from visits
    union all
    select
        submissions.connection_id,
        contacts.contact_id as person_id,
        submissions.email,
        submissions.submitted_at as occurred_at,
        'form_submission' as touch_type,
        cast(null as varchar) as campaign_id,
        submissions.utm_campaign as campaign_utm,
        submissions.utm_medium,
        cast(null as varchar) as traffic_source
    from submissions
    inner join contacts on submissions.connection_id = contacts.connection_id and submissions.email = contacts.email
    union all
    select
        activities.connection_id,
        activities.contact_id as person_id,
        contacts.email,
        activities.occurred_at,
        activities.touch_type,
        cast(null as varchar) as campaign_id,
        cast(null as varchar) as campaign_utm,
        cast(null as varchar) as utm_medium,
        cast(null as varchar) as traffic_source
    from activities
    inner join contacts on activities.connection_id = contacts.connection_id and activities.contact_id = contacts.contact_id

)

select * from final
