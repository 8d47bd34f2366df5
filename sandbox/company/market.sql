-- Firms, their people, and what these saw and did: touches.

-- Firms: those that were customers before the history begins, then those that meet the company for the first time.
create temp table firm as
with arrivals as (
    select m.entity_id, m.country, month, unnest(generate_series(1,
        count_of(s.organizations * getvariable('scale') * growth(month) * season(month) * exp(0.08 * normal('arrivals', m.entity_id || month::varchar)),
                 'arrivals count', m.entity_id || month::varchar))) as n,
        false as is_base
    from entity_month m join shape s using (entity_id)
    union all
    select entity_id, country, month_of(start_date), unnest(generate_series(1, count_of(customers * getvariable('scale'), 'base', entity_id))), true
    from shape
),
numbered as (
    select *, code('org', entity_id, row_number() over (partition by entity_id order by is_base desc, month, n), 6) as organization_id from arrivals
)
select organization_id, entity_id, is_base,
    case when is_base then (month - 400 - floor(chance('base age', organization_id) * 300)::integer)::date
         else (month + floor(chance('arrival day', organization_id) * day(last_day(month)))::integer)::date end as met_on,
    case when chance('firm abroad', organization_id) < 0.88 then country
         else pick(['FR', 'NL', 'IE', 'CH', 'SE', 'ES', 'CA', 'AU'], 'firm country', organization_id) end as country,
    pick(['Harbour', 'Northfield', 'Silver', 'Oak', 'Granite', 'Blue', 'Summit', 'River', 'Copper', 'Falcon', 'Maple', 'Atlas', 'Lumen', 'Orion',
          'Cedar', 'Beacon', 'Prairie', 'Quartz', 'Meadow', 'Vector', 'Willow', 'Ember', 'Delta', 'Pioneer', 'Crown', 'Tidal', 'Alder', 'Signal',
          'Juniper', 'Kestrel', 'Marble', 'Nova', 'Opal', 'Pine', 'Raven', 'Sable', 'Terra', 'Umber', 'Vale', 'Wren'], 'firm first', organization_id)
        || ' ' ||
    pick(['Logistics', 'Foods', 'Systems', 'Health', 'Retail', 'Energy', 'Partners', 'Labs', 'Media', 'Insurance', 'Tools', 'Travel', 'Housing',
          'Textiles', 'Motors', 'Analytics', 'Robotics', 'Optics', 'Packaging', 'Studios', 'Farms', 'Chemicals', 'Printing', 'Marine', 'Aviation'],
         'firm second', organization_id) as plain_name,
    pick(['Manufacturing', 'Software', 'Retail', 'Healthcare', 'Financial Services', 'Logistics', 'Professional Services', 'Energy'],
         'industry', organization_id) as industry,
    ceil(exp(4.6 + 1.1 * normal('employees', organization_id)))::integer as employee_count
from numbered;

insert into company.organization
with named as (
    select f.*, row_number() over (partition by plain_name order by organization_id) as same,
        case country when 'US' then ' Inc.' when 'GB' then ' Ltd' when 'DE' then ' GmbH' when 'JP' then ' KK' when 'FR' then ' SA' when 'NL' then ' BV'
             when 'CH' then ' AG' when 'SE' then ' AB' when 'ES' then ' SL' else ' Ltd' end as form
    from firm f
),
unique_names as (
    select *, case when same = 1 then plain_name
                   else plain_name || ' ' || pick(['North', 'South', 'East', 'West', 'Central', 'International', 'Group', 'One'], 'firm third', organization_id)
                       || case when same > 8 then ' ' || same else '' end end as name
    from named
)
select organization_id, entity_id, name || form,
    replace(lower(name), ' ', '-') || case country when 'US' then '.com' when 'GB' then '.co.uk' when 'DE' then '.de' when 'JP' then '.jp' else '.example' end,
    country,
    case country when 'US' then pick(['Austin', 'Boston', 'Chicago', 'Denver', 'Seattle', 'Atlanta'], 'city', organization_id)
         when 'GB' then pick(['London', 'Leeds', 'Bristol', 'Manchester', 'Glasgow', 'Cardiff'], 'city', organization_id)
         when 'DE' then pick(['Berlin', 'Hamburg', 'Köln', 'München', 'Stuttgart'], 'city', organization_id)
         when 'JP' then pick(['Tokyo', 'Osaka', 'Nagoya', 'Fukuoka'], 'city', organization_id)
         else pick(['Paris', 'Amsterdam', 'Dublin', 'Zürich', 'Stockholm', 'Madrid'], 'city', organization_id) end,
    (1 + floor(chance('street number', organization_id) * 180)::integer) || ' ' || pick(['Mill', 'Station', 'Market', 'Park', 'Canal', 'Church'], 'street', organization_id) || ' Street',
    lpad(floor(chance('postal', organization_id) * 99999)::integer::varchar, 5, '0'),
    country || lpad(floor(chance('tax id', organization_id) * 999999999)::bigint::varchar, 9, '0'),
    '+' || (20 + floor(chance('phone prefix', organization_id) * 60)::integer) || ' ' || lpad(floor(chance('phone', organization_id) * 1e9)::bigint::varchar, 9, '0'),
    industry, employee_count, at_work(met_on, 'firm recorded', organization_id)
from unique_names;

-- People: one to four of a firm, the first at once, the others within weeks.
create temp table human as
with places as (
    select f.*, unnest(generate_series(1, 1 + (chance('second', organization_id) < 0.42)::integer + (chance('third', organization_id) < 0.16)::integer
        + (chance('fourth', organization_id) < 0.05)::integer)) as place
    from firm f
)
select p.*, replace(p.organization_id, 'org-', 'per-') || '-' || place as person_id,
    pick(['Anna', 'Ben', 'Chloe', 'David', 'Emma', 'Finn', 'Grace', 'Hugo', 'Ines', 'Jonas', 'Kate', 'Liam', 'Mia', 'Noah', 'Olivia', 'Paul', 'Quinn',
          'Rosa', 'Sam', 'Tara', 'Uma', 'Victor', 'Wanda', 'Yuki', 'Zoe', 'Aiko', 'Ken', 'Haruto', 'Sofia', 'Lukas'], 'first name', p.organization_id || place) as first_name,
    pick(['Adams', 'Becker', 'Clark', 'Dubois', 'Evans', 'Fischer', 'Garcia', 'Hughes', 'Ito', 'Jones', 'Keller', 'Lewis', 'Moore', 'Nakamura', 'Owens',
          'Patel', 'Quist', 'Roberts', 'Schmidt', 'Tanaka', 'Underwood', 'Vogel', 'Walker', 'Xu', 'Young', 'Zimmer', 'Brown', 'Suzuki', 'Weber', 'King'],
         'last name', p.organization_id || place) as last_name,
    (met_on + case when place = 1 then 0 else floor(chance('joins', p.organization_id || place) * 24)::integer end)::date as first_seen
from places p;

insert into company.person
select h.person_id, h.organization_id, first_name, last_name, lower(first_name || '.' || last_name) || case when place > 1 then place::varchar else '' end || '@' || o.domain,
    '+' || (20 + floor(chance('person phone prefix', h.person_id) * 60)::integer) || ' ' || lpad(floor(chance('person phone', h.person_id) * 1e9)::bigint::varchar, 9, '0'),
    pick(['CFO', 'Finance Director', 'Controller', 'Head of FP&A', 'Accountant', 'Finance Manager', 'COO', 'Data Engineer'], 'job', h.person_id),
    at_work(first_seen, 'person recorded', h.person_id)
from human h join company.organization o using (organization_id);

-- Which channel a touch came by: shares of the weights, as ranges of chance.
create temp table channel_range as
with weights as (
    select channel, effect, unnest([{'later': false, 'weight': first_weight}, {'later': true, 'weight': later_weight}], recursive := true) from channel
)
select channel, effect, later,
    (sum(weight) over (partition by later order by channel) - weight)::double / sum(weight) over (partition by later) as low,
    sum(weight) over (partition by later order by channel)::double / sum(weight) over (partition by later) as high
from weights;

-- Journeys: how often a person meets the company, at which distance of time, by which channel.
create temp table encounter as
with steps as (
    select h.person_id, h.organization_id, h.entity_id, h.first_seen,
        least(12, 1 + floor(-ln(1 - chance('touches', h.person_id)) * 2.6)::integer) as touches
    from human h where not h.is_base
),
touched as (
    select *, unnest(generate_series(1, touches)) as step from steps
),
spaced as (
    select *, person_id || '-' || step as key,
        (sum(case when step = 1 then 0 else ceil(exp(1.25 + 0.9 * normal('gap', person_id || '-' || step)))::integer end)
            over (partition by person_id order by step))::integer as days
    from touched
),
routed as (
    select s.*, r.channel as wished, (first_seen + days)::date as day
    from spaced s join channel_range r on r.later = (s.step > 1) and chance('channel', s.key) >= r.low and chance('channel', s.key) < r.high
),
matched as (
    select r.*, c.campaign_id,
        case when c.campaign_id is not null or wished in ('organic_search', 'organic_social', 'direct', 'referral', 'content', 'partner') then wished
             else case when chance('instead', key) < 0.6 then 'organic_search' else 'direct' end end as channel
    from routed r
    left join company.campaign c on c.entity_id = r.entity_id and c.channel = r.wished and r.day between c.start_date and c.end_date
    where r.day <= getvariable('last_date')
)
select m.person_id, m.organization_id, m.entity_id, m.step, m.touches, m.key, m.day, m.channel, m.campaign_id,
    -- The touch at which a person leaves name and address: one of the first three.
    m.step = least(m.touches, 1 + floor(chance('lead step', m.person_id) * 3)::integer) as makes_lead,
    round(k.effect * exp(0.35 * normal('effect', m.key)), 6)::decimal(18, 6) as effect,
    m.day::timestamp + to_seconds(21600 + floor(chance('touch time', m.key) * 57600)::integer) as occurred_at
from matched m join channel k on k.channel = m.channel;

insert into company.touch
select 'tch-' || e.key[5:], person_id, e.entity_id, campaign_id, e.channel,
    case when makes_lead then 'form_submission'
         when e.channel in ('paid_search', 'paid_social', 'display') then 'ad_click'
         when e.channel = 'email' then 'email_click'
         when e.channel = 'webinar' then 'webinar_attended'
         when e.channel = 'event' then 'event_attended'
         else 'visit' end,
    case when makes_lead then 'frm-' || e.entity_id || '-' || case e.channel when 'webinar' then 'webinar' when 'content' then 'guide' when 'email' then 'guide' else 'demo' end end,
    'https://www.meridian.example/' || e.entity_id || '/' || pick(['', 'pricing', 'product', 'customers', 'blog/close-checklist', 'demo'], 'page', e.key),
    case when not untagged then c.utm_source end, case when not untagged then c.utm_medium end, case when not untagged then c.utm_campaign end,
    occurred_at
from (select *, campaign_id is not null and flaw('utm lost', key) < 0.04 as untagged from encounter) e
left join company.campaign c using (campaign_id);

insert into truth.defect
select 'utm-' || touch_id, 'missing_utm', entity_id, 'touch', touch_id, occurred_at, campaign_id
from company.touch where campaign_id is not null and utm_campaign is null;
