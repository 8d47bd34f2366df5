-- The part of the simulated company that its HubSpot account knows, copied once from the company's file (attached as `source`).
-- `entity` and `home_currency` are session variables. All instants are cut to milliseconds: the account keeps no finer ones.

create table lead as
    select lead_id, person_id, date_trunc('millisecond', created_at) as created_at, date_trunc('millisecond', mql_at) as mql_at,
        date_trunc('millisecond', sql_at) as sql_at, date_trunc('millisecond', disqualified_at) as disqualified_at,
    from source.company.lead
    where entity_id = getvariable('entity');

create table contact as
    select 1_000_000_000 + 3 * row_number() over (order by min(lead.created_at), person_id) as id,
        person_id, min(lead.created_at) as created_at, any_value(person.organization_id) as organization_id,
        any_value(person.first_name) as firstname, any_value(person.last_name) as lastname, any_value(person.email) as email,
        any_value(person.phone) as phone, any_value(person.job_title) as jobtitle,
    from lead
    join source.company.person using (person_id)
    group by person_id;

create table company as
    select 2_000_000_000 + 3 * row_number() over (order by created_at, organization_id) as id, organization_id, name, domain, phone,
        street as address, city, postal_code as zip, country, industry, employee_count as numberofemployees,
        date_trunc('millisecond', created_at) as created_at,
    from source.company.organization
    where entity_id = getvariable('entity');

-- A second contact with an address that is already known joins the first one at once: addresses are unique in HubSpot. Of contacts that
-- share a firm and a name, and of companies that share a domain, somebody notices one half, weeks later, and merges them into the older one.
create table merge as
    with twin as (
        select 'contacts' as object_type, younger.id as loser_id, min(elder.id) as winner_id,
            bool_or(lower(younger.email) = lower(elder.email)) as same_email, any_value(younger.created_at) as created_at,
        from contact as younger
        join contact as elder
            on elder.organization_id = younger.organization_id and elder.id < younger.id
            and (
                lower(elder.email) = lower(younger.email)
                or (lower(elder.firstname) = lower(younger.firstname) and lower(elder.lastname) = lower(younger.lastname))
            )
        group by younger.id
        union all
        select 'companies', younger.id, min(elder.id), false, any_value(younger.created_at)
        from company as younger
        join company as elder on lower(elder.domain) = lower(younger.domain) and elder.id < younger.id
        group by younger.id
    )
    select object_type, loser_id, winner_id,
        case when same_email then created_at else created_at + to_days((20 + loser_id % 40)::integer) end as merged_at,
    from twin
    where (same_email or loser_id % 2 = 0)
        and (object_type, winner_id) not in (select (object_type, loser_id) from twin);

create table product as
    select 4_000_000_000 + row_number() over (order by product_id) as id, product_id, name, description, sku as hs_sku,
        monthly_price::decimal(20, 4) as price, (select first_date::timestamp from source.company.parameter) as created_at,
    from source.company.product;

create table stage as
    select opportunity_id, stage, date_trunc('millisecond', entered_at) as entered_at,
        lead(date_trunc('millisecond', entered_at)) over (partition by opportunity_id order by entered_at, stage) as exited_at,
    from source.company.opportunity_stage
    semi join (from source.company.opportunity where entity_id = getvariable('entity')) using (opportunity_id);

create table opportunity as
    with rate as (select rate_date, currency, units_per_eur from source.company.fx_rate union all select date '1900-01-01', 'EUR', 1),
    known as (
        select *, created_at::date as rate_date, getvariable('home_currency') as home_currency
        from source.company.opportunity
        where entity_id = getvariable('entity')
    )
    select 3_000_000_000 + 3 * row_number() over (order by known.created_at, opportunity_id) as id, opportunity_id, organization_id,
        primary_person_id, owner_employee_id, name, kind, known.currency, amount::decimal(20, 4) as amount,
        case
            when known.currency = home_currency then amount
            else amount::decimal(28, 4) * home.units_per_eur::decimal(10, 6) / theirs.units_per_eur
        end::decimal(20, 4) as amount_in_home_currency,
        date_trunc('millisecond', created_at) as created_at, expected_close_date, outcome, date_trunc('millisecond', closed_at) as closed_at,
        date_trunc('millisecond', updated_at) as updated_at, date_trunc('millisecond', deleted_at) as deleted_at,
    from known
    asof left join rate as theirs on theirs.currency = known.currency and theirs.rate_date <= known.rate_date
    asof left join rate as home on home.currency = known.home_currency and home.rate_date <= known.rate_date;

-- Who takes part in a deal, and since when the account knows. Of those who are not its first contact somebody ties half to it later, up to
-- seven weeks after it began, which changes neither the deal nor the contact.
create table opportunity_person as
    with part as (
        select opportunity_id, person_id from source.company.opportunity_person semi join opportunity using (opportunity_id)
        union
        select opportunity_id, primary_person_id from opportunity where primary_person_id is not null
    ),
    chance as (select *, (md5_number_lower(opportunity_id || '/' || person_id) % 98)::integer as number from part)
    select opportunity_id, person_id,
        created_at + to_days(case when person_id is distinct from primary_person_id then greatest(number - 48, 0) else 0 end) as tied_at,
    from chance
    join opportunity using (opportunity_id);

create table opportunity_line as
    select 5_000_000_000 + 3 * row_number() over (order by opportunity.id, opportunity_line_id) as id, opportunity.id as deal_id,
        product.id as product_id, product.name, product.hs_sku, line.quantity::decimal(20, 4) as quantity,
        line.unit_price::decimal(20, 4) as price, line.amount::decimal(20, 4) as amount,
        (line.unit_price * line.discount_pct / 100)::decimal(20, 4) as discount, line.discount_pct::decimal(9, 4) as discount_percentage,
        line.term_months, opportunity.currency, opportunity.created_at, opportunity.deleted_at,
    from source.company.opportunity_line as line
    join opportunity using (opportunity_id)
    left join product using (product_id);

create table owner as
    select 70_000_000 + row_number() over (order by hired_date, employee_id) as id,
        50_000_000 + row_number() over (order by hired_date, employee_id) as user_id, employee_id, first_name, last_name, email,
        least(date_trunc('millisecond', employee.created_at), hired_date::timestamp) as created_at, left_date::timestamp as left_at,
    from source.company.employee
    left join source.company.department using (department_id)
    where entity_id = getvariable('entity') and (lower(department.name) in ('sales', 'marketing') or department_id in ('sales', 'marketing'))
        or employee_id in (select owner_employee_id from opportunity)
        or employee_id in (select owner_employee_id from source.company.campaign where entity_id = getvariable('entity'));

create macro guid_of(kind, source_id) as
    regexp_replace(md5(kind || '/' || source_id), '^(.{8})(.{4}).(.{3}).(.{3})(.{12})$', '\1-\2-4\3-a\4-\5');

create table campaign as
    select guid_of('campaign', campaign_id) as guid, 8_000_000_000 + row_number() over (order by created_at, campaign_id) as id, campaign_id,
        name, renamed_to, date_trunc('millisecond', renamed_at) as renamed_at, channel, utm_campaign, start_date, end_date, budget_amount,
        currency, owner_employee_id, date_trunc('millisecond', created_at) as created_at,
    from source.company.campaign
    where entity_id = getvariable('entity');

create table spend as
    select campaign_id, spend_date, amount, date_trunc('millisecond', recorded_at) as recorded_at,
        600_000 + dense_rank() over (order by campaign_id, date_trunc('month', spend_date)) as item_id,
    from source.company.campaign_spend
    semi join campaign using (campaign_id);

create table email as
    select 90_000_000_000 + row_number() over (order by published_at, email_id) as id, email_id, campaign_id, name, subject,
        date_trunc('millisecond', published_at) as published_at, sent, delivered, opened, clicked, bounced, unsubscribed,
    from source.company.marketing_email
    where entity_id = getvariable('entity');

create table form as
    select guid_of('form', form_id) as guid, form_id, name, page_url, date_trunc('millisecond', created_at) as created_at,
    from source.company.form
    where entity_id = getvariable('entity');

-- What the account's tracking makes of a visit: the tags decide; without them the kind of traffic; a lost tag looks like direct traffic.
create table touch as
    select touch_id, person_id, touch_type, form_id, campaign_id, channel, date_trunc('millisecond', occurred_at) as occurred_at,
        10_000_000_000 + row_number() over (order by occurred_at, touch_id) as id,
        coalesce(landing_page, '') as landing_page, utm_source, utm_medium, utm_campaign,
        case when utm_campaign is not null then guid_of('campaign', campaign_id) end as campaign_guid,
        case
            when touch_type in ('meeting', 'call', 'event_attended') or channel = 'event' then 'OFFLINE'
            when channel = 'organic_search' then 'ORGANIC_SEARCH'
            when channel = 'organic_social' then 'SOCIAL_MEDIA'
            when channel in ('referral', 'partner') then 'REFERRALS'
            when utm_campaign is null then 'DIRECT_TRAFFIC'
            when channel = 'paid_search' then 'PAID_SEARCH'
            when channel = 'paid_social' then 'PAID_SOCIAL'
            when channel = 'email' then 'EMAIL_MARKETING'
            else 'OTHER_CAMPAIGNS'
        end as traffic,
        case
            when utm_campaign is not null then utm_campaign
            when touch_type in ('meeting', 'call', 'event_attended') then 'CRM_UI'
            when channel = 'organic_search' then 'Unknown keywords (SSL)'
            else landing_page
        end as traffic_data_1,
        case when utm_campaign is not null then concat_ws(' / ', utm_source, utm_medium) when channel = 'organic_search' then 'google' end as traffic_data_2,
    from source.company.touch
    where entity_id = getvariable('entity');

create table submission as
    select form.guid as form_guid, touch.id, touch.occurred_at as submitted_at, person.email, person.first_name, person.last_name,
        organization.name as company, coalesce(nullif(touch.landing_page, ''), form.page_url) as page, touch.utm_source, touch.utm_medium,
        touch.utm_campaign, form.name as form_name,
    from touch
    join form using (form_id)
    join source.company.person using (person_id)
    left join source.company.organization using (organization_id)
    where touch.touch_type = 'form_submission'
    order by form.guid, touch.id desc;

-- Webinars and fairs: one marketing event a campaign. Whoever was there takes part; whoever left an address for a webinar is registered.
create table gathering as
    select 6_000_000_000 + row_number() over (order by created_at, campaign_id) as id, campaign_id, name, renamed_to, renamed_at, channel,
        start_date::timestamp as starts_at, end_date::timestamp + interval 1 day as ends_at, created_at,
    from campaign
    where channel in ('webinar', 'event');

create table attendance as
    select 10_000_000_000 + touch.id as id, gathering.id as event_id, person_id, occurred_at,
        case when touch_type = 'form_submission' then 'REGISTERED' else 'ATTENDED' end as state,
    from touch
    join gathering using (campaign_id)
    where touch_type in ('webinar_attended', 'event_attended') or touch_type = 'form_submission' and touch.channel = 'webinar';

-- From here on, what becomes of e-mails, reader by reader.
create macro chance(topic, key) as (md5_number_lower(topic || '/' || key) % 1_000_000)::double / 1_000_000;
-- When a reader gets to a mail: within hours mostly, six weeks later at most.
create macro delay(topic, key) as to_milliseconds(60_000 + least(floor(-ln(1 - chance(topic, key)) * 108_000_000), 3_600_000_000)::bigint);

-- A click is on the latest mailing of its campaign, or on the first. Its address lacks the tags that were lost on the way.
create table click as
    with pressed as (
        select touch.touch_id, lower(person.email) as recipient, campaign_id, occurred_at,
            landing_page || coalesce('?' || nullif(concat_ws(
                '&', 'utm_source=' || utm_source, 'utm_medium=' || utm_medium, 'utm_campaign=' || utm_campaign
            ), ''), '') as url,
        from touch
        join source.company.person using (person_id)
        where touch_type = 'email_click'
    ),
    first_mail as (select campaign_id, arg_min(id, published_at) as id from email group by campaign_id)
    select touch_id, recipient, occurred_at, url, coalesce(email.id, first_mail.id) as email_id
    from pressed
    asof left join email on email.campaign_id = pressed.campaign_id and email.published_at <= occurred_at
    join first_mail on first_mail.campaign_id = pressed.campaign_id;

-- Who reads: all people whom the entity knows, until they have had enough. As many leave with each mailing as it lost, those who have been
-- there longest and never clicked.
create table reader as
    with known as (
        select lower(person.email) as recipient, min(person.created_at) as known_at
        from source.company.person
        join source.company.organization using (organization_id)
        where entity_id = getvariable('entity')
        group by all
    ),
    mailing as (
        select id, coalesce(sum(unsubscribed) over (order by id rows between unbounded preceding and 1 preceding), 0) as before,
            sum(unsubscribed) over (order by id) as after,
        from email
    ),
    faithless as (
        select recipient, row_number() over (order by known_at, recipient) as number
        from known anti join click using (recipient)
    )
    select known.*, mailing.id as left_with
    from known
    left join faithless using (recipient)
    left join mailing on number > before and number <= after;

-- Who got a mailing, as far as it was sent to so many: those who click, the one who leaves by it, then by lot. The first have opened it.
create table recipient as
    with clicker as (select email_id, recipient, min(occurred_at) as clicked_at from click group by all),
    reached as (
        select email.id as mail_id, recipient, left_with is not distinct from email.id as leaves
        from email
        join reader on known_at <= published_at and coalesce(left_with, email.id) >= email.id
        union
        select email_id, recipient, false from clicker
    ),
    listed as (
        select reached.*, clicked_at, published_at, sent, opened, bounced,
            row_number() over (partition by mail_id order by clicked_at is null, not leaves, md5(mail_id || reached.recipient)) as place,
        from reached
        join email on email.id = mail_id
        left join clicker on clicker.email_id = mail_id and clicker.recipient = reached.recipient
    ),
    counted as (select *, mail_id as email_id, count(*) over (partition by mail_id) as people from listed where place <= sent or clicked_at is not null)
    select email_id, recipient, clicked_at, leaves, email_id || '/' || recipient as key, published_at + to_seconds((place % 120)::integer) as sent_at,
        place > people - bounced and clicked_at is null as bounces, place <= opened or clicked_at is not null as opens,
    from counted;

create table email_event as
    with opening as (
        select email_id, recipient, key, sent_at, coalesce(
            least(sent_at + delay('open', key), clicked_at - interval 20 second), sent_at + delay('open', key)
        ) as moment
        from recipient
        where opens and not bounces
    ),
    happened as (
        select 'SENT' as type, email_id, recipient, sent_at as moment, key, sent_at, null as url from recipient
        union all
        select 'DELIVERED', email_id, recipient, sent_at + interval 20 second, key, sent_at, null from recipient where not bounces
        union all
        select 'BOUNCE', email_id, recipient, sent_at + interval 40 second, key, sent_at, null from recipient where bounces
        union all
        select 'OPEN', email_id, recipient, moment, key, sent_at, null from opening
        union all
        -- One in five looks again.
        select 'OPEN', email_id, recipient, moment + to_hours(1 + (chance('again when', key) * 600)::integer), key || '/2', sent_at, null
        from opening
        where chance('again', key) < 0.2
        union all
        select 'CLICK', click.email_id, click.recipient, occurred_at, touch_id, sent_at, url
        from click
        join recipient using (email_id, recipient)
        union all
        select 'STATUSCHANGE', email_id, recipient, sent_at + delay('leave', key), key, sent_at, null from recipient where leaves and not bounces
    )
    select guid_of(type, key) as id, guid_of('SENT', email_id || '/' || recipient) as sent_id, type, email_id, recipient, moment, sent_at, url
    from happened;
