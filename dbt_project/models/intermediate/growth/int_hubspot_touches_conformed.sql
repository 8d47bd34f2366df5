-- HubSpot keeps the first and the latest visit of a person; in between, forms, the event log of e-mails and marketing events tell. What its
-- own users enter of a person (a contact made by hand) is no touch.
with

contacts as (

    select contacts.*
    from {{ ref('stg_hubspot__contacts') }} as contacts
    semi join {{ ref('int_hubspot_people_conformed') }} as people
        on contacts.connection_id = people.connection_id and contacts.contact_id = people.person_id

),

-- A contact that others were merged into goes by their addresses too.
addresses as (

    select
        connection_id,
        contact_id,
        email
    from contacts
    where email is not null
    union
    select
        connection_id,
        contact_id,
        trim(unnest(string_split(other_emails, ';'))) as email
    from contacts
    where other_emails is not null

),

owners_of_addresses as (

    select
        connection_id,
        email,
        min(contact_id) as contact_id
    from addresses
    where email <> ''
    group by connection_id, email

),

submissions as (

    select * from {{ ref('stg_hubspot__form_submissions') }}

),

mail_events as (

    select * from {{ ref('stg_hubspot__email_events') }}
    where event_type in ('click', 'open') and not is_filtered

),

-- By which campaign a mail was sent: several sendings may belong to one e-mail.
mailings as (

    select
        sendings.connection_id,
        sendings.sending_id,
        min(emails.campaign_id) as campaign_id
    from {{ ref('stg_hubspot__marketing_email_sendings') }} as sendings
    inner join {{ ref('stg_hubspot__marketing_emails') }} as emails
        on sendings.connection_id = emails.connection_id and sendings.email_id = emails.email_id
    group by sendings.connection_id, sendings.sending_id

),

attendances as (

    select
        parts.connection_id,
        parts.contact_id,
        parts.occurred_at,
        events.event_id,
        case when events.event_type like '%webinar%' then 'webinar' else 'event' end as kind
    from {{ ref('stg_hubspot__marketing_event_participations') }} as parts
    inner join {{ ref('stg_hubspot__marketing_events') }} as events
        on parts.connection_id = events.connection_id and parts.event_id = events.event_id
    where parts.attendance_state = 'attended' and parts.occurred_at is not null

),

gatherings as (

    select
        connection_id,
        asset_id as event_id,
        min(campaign_id) as campaign_id
    from {{ ref('stg_hubspot__campaign_assets') }}
    where asset_type = 'marketing_event'
    group by connection_id, asset_id

),

merged as (

    select * from {{ ref('stg_hubspot__merges') }}
    where object_type = 'contacts'

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
        addresses.contact_id as person_id,
        submissions.email,
        submissions.submitted_at as occurred_at,
        'form_submission' as touch_type,
        cast(null as varchar) as campaign_id,
        submissions.utm_campaign as campaign_utm,
        submissions.utm_medium,
        cast(null as varchar) as traffic_source
    from submissions
    inner join owners_of_addresses as addresses
        on submissions.connection_id = addresses.connection_id and submissions.email = addresses.email
    union all
    select
        mail_events.connection_id,
        addresses.contact_id as person_id,
        mail_events.email,
        mail_events.occurred_at,
        'email_' || mail_events.event_type as touch_type,
        mailings.campaign_id,
        mail_events.utm_campaign as campaign_utm,
        mail_events.utm_medium,
        'email' as traffic_source
    from mail_events
    inner join owners_of_addresses as addresses
        on mail_events.connection_id = addresses.connection_id and mail_events.email = addresses.email
    left join mailings on mail_events.connection_id = mailings.connection_id and mail_events.sending_id = mailings.sending_id
    union all
    select
        attendances.connection_id,
        contacts.contact_id as person_id,
        contacts.email,
        attendances.occurred_at,
        attendances.kind || '_attended' as touch_type,
        gatherings.campaign_id,
        cast(null as varchar) as campaign_utm,
        cast(null as varchar) as utm_medium,
        case attendances.kind when 'webinar' then 'webinar' else 'tradeshow' end as traffic_source
    from attendances
    left join merged on attendances.connection_id = merged.connection_id and attendances.contact_id = merged.loser_id
    inner join contacts
        on
            attendances.connection_id = contacts.connection_id
            and coalesce(merged.winner_id, attendances.contact_id) = contacts.contact_id
    left join gatherings on attendances.connection_id = gatherings.connection_id and attendances.event_id = gatherings.event_id
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
