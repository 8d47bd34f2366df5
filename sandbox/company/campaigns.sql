-- Campaigns: what an entity does on a channel in a quarter, what it costs by day, and the e-mails it sends.

create temp table channel as select * from (values
    -- share of the budget, cost of a click, clicks of an impression, weight in first and in later touches, effect of a touch on winning,
    -- vendor and account of the cost
    ('paid_search',    0.30, 4.6,  0.031, 24, 10, 0.46, 'Search Ads',            '6100', 'google', 'cpc'),
    ('paid_social',    0.22, 3.4,  0.009, 16,  9, 0.27, 'Professional Network Ads', '6100', 'linkedin', 'paid_social'),
    ('display',        0.08, 1.3,  0.004,  9,  5, 0.10, 'Display Network',       '6100', 'adnet', 'display'),
    ('event',          0.18, 22.0, 0.100,  7,  8, 0.74, 'Fairs and Venues',      '6110', 'event', 'event'),
    ('webinar',        0.08, 7.0,  0.060,  6, 14, 0.56, 'Webinar Studio',        '6110', 'webinar', 'webinar'),
    ('content',        0.06, 2.1,  0.020,  8,  8, 0.32, 'Content Agency',        '6120', 'blog', 'content'),
    ('email',          0.04, 0.6,  0.030,  3, 22, 0.22, 'Mail Delivery',         '6120', 'newsletter', 'email'),
    ('partner',        0.04, 5.0,  0.050,  4,  3, 0.52, 'Partner Network',       '6120', 'partner', 'referral'),
    ('organic_search', 0,    null, null,  13,  9, 0.30, null, null, null, null),
    ('organic_social', 0,    null, null,   4,  3, 0.18, null, null, null, null),
    ('direct',         0,    null, null,   4,  7, 0.12, null, null, null, null),
    ('referral',       0,    null, null,   2,  2, 0.40, null, null, null, null)
) c (channel, budget_share, click_cost, click_rate, first_weight, later_weight, effect, vendor, account_code, utm_source, utm_medium);

insert into company.campaign
with quarters as (
    select s.* exclude (start_date), q.quarter::date as quarter
    from shape s cross join generate_series(date_trunc('quarter', getvariable('first_date')), getvariable('last_date')::timestamp, interval 3 month) q (quarter)
    where q.quarter >= date_trunc('quarter', s.start_date)
),
planned as (
    select q.*, c.channel, c.budget_share, c.utm_source, c.utm_medium,
        q.entity_id || '-' || year(q.quarter) || 'q' || quarter(q.quarter) || '-' || replace(c.channel, '_', '-') as slug,
        pick(['Close in Days', 'One Set of Numbers', 'Plan with Confidence', 'Beyond Spreadsheets', 'The Audit-Ready Ledger', 'Forecast Week',
              'Finance Leaders', 'From Data to Decision'], 'theme', q.entity_id || q.quarter::varchar || c.channel) as theme
    from quarters q cross join channel c where c.budget_share > 0
),
dated as (
    select *, (quarter + floor(chance('campaign start', slug) * 16)::integer)::date as start_date,
        case when channel = 'event' then 12 else 58 + floor(chance('campaign days', slug) * 14)::integer end as days
    from planned where chance('campaign run', slug) < case channel when 'paid_search' then 1.0 else 0.85 end
)
select 'cmp-' || slug, entity_id,
    upper(entity_id) || ' ' || array_to_string(list_transform(string_split(channel, '_'), w -> upper(w[1]) || w[2:]), ' ')
        || ' ' || year(quarter) || ' Q' || quarter(quarter) || ': ' || theme,
    case when flaw('renamed', slug) < 0.05 then upper(entity_id) || ' ' || theme || ' (' || replace(channel, '_', ' ') || ')' end,
    case when flaw('renamed', slug) < 0.05 then (start_date + 20)::timestamp + interval 10 hour end,
    channel, case when channel in ('display', 'content') then 'awareness' else 'acquisition' end, utm_source, utm_medium, slug,
    start_date, (start_date + days)::date,
    round(media * 3 * budget_share * growth(start_date) * exp(0.18 * normal('campaign budget', slug)), -2)::decimal(20, 4),
    currency, null, (start_date - 14)::timestamp + interval 9 hour
from dated where start_date - 14 <= getvariable('last_date');

insert into truth.defect
select 'renamed-' || campaign_id, 'campaign_renamed', entity_id, 'campaign', campaign_id, renamed_at, name || ' -> ' || renamed_to
from company.campaign where renamed_to is not null and renamed_at <= getvariable('last_date');

insert into company.campaign_spend
with days as (
    select c.*, unnest(generate_series(c.start_date::timestamp, least(c.end_date, getvariable('last_date'))::timestamp, interval 1 day))::date as spend_date
    from company.campaign c
),
spent as (
    select d.*, k.click_cost * s.price as click_cost, k.click_rate,
        money(d.budget_amount::double / (date_diff('day', d.start_date, d.end_date) + 1)
            * (0.82 + 0.3 * chance('campaign pace', d.campaign_id))
            * case when isodow(d.spend_date) > 5 then 0.55 else 1.18 end
            * exp(0.16 * normal('spend', d.campaign_id || d.spend_date::varchar)), d.currency) as amount
    from days d join channel k using (channel) join shape s using (entity_id)
)
select campaign_id, spend_date,
    ceil(amount::double / click_cost / click_rate)::bigint, ceil(amount::double / click_cost)::bigint, amount, currency,
    (spend_date + 1)::timestamp + interval 6 hour
from spent;

insert into company.marketing_email
with issues as (
    select c.*, week, (c.start_date + 7 * week) as day, c.campaign_id || '-' || week as key,
        greatest(40, (s.organizations * getvariable('scale') * 9 * growth(c.start_date + 7 * week)))::bigint as readers
    from company.campaign c join shape s using (entity_id) cross join (select week::integer from generate_series(0, 7) w (week)) w (week)
    where c.channel = 'email'
),
figures as (
    select *, (readers * (0.9 + 0.2 * chance('mail sent', key)))::bigint as sent from issues where day <= least(end_date, getvariable('last_date'))
)
select 'eml-' || key[5:], campaign_id, entity_id, name || ' #' || (week + 1),
    pick(['Five ways to close faster', 'What changed this quarter', 'Your invitation', 'A budget that keeps up', 'Numbers you can trust'], 'subject', key),
    day::timestamp + interval 8 hour, sent, (sent * 0.97)::bigint, (sent * (0.18 + 0.12 * chance('mail opened', key)))::bigint,
    (sent * (0.02 + 0.02 * chance('mail clicked', key)))::bigint, sent - (sent * 0.97)::bigint, (sent * 0.003)::bigint
from figures;

insert into company.form
select 'frm-' || e.entity_id || '-' || f.key, e.entity_id, f.name, 'https://www.meridian.example/' || e.entity_id || '/' || f.key,
    (getvariable('first_date') - interval 200 day)::timestamp
from company.entity e cross join (values ('demo', 'Request a demo'), ('guide', 'Download the guide'), ('webinar', 'Register for a webinar')) f (key, name);
