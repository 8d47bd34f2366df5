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
        name, renamed_to, date_trunc('millisecond', renamed_at) as renamed_at, utm_campaign, start_date, end_date, budget_amount, currency,
        owner_employee_id, date_trunc('millisecond', created_at) as created_at,
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
    select touch_id, person_id, touch_type, form_id, date_trunc('millisecond', occurred_at) as occurred_at,
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
