-- What the platform will ever know of the company's campaigns on it, made once. The company's file is attached as `source`.

-- Searching and display run on Google; what is sponsored in social networks, on one of the two others, by campaign.
create temp macro platform_of(channel, campaign) as case
    when channel in ('paid_search', 'display') then 'google_ads'
    when channel = 'paid_social' then case when hash('network|' || campaign) % 2 = 0 then 'meta_ads' else 'linkedin_ads' end
end;
-- A number in [0, 1) that a record keeps for ever.
create temp macro share_of(topic, key) as (hash(concat_ws('|', topic, key)) >> 11)::double / 9007199254740992.0;
-- The first ad group's part of a whole number; the second has the rest, so that both make the whole.
create temp macro part_of(whole, ad_group, share) as
    case ad_group when 1 then floor(whole * share)::bigint else whole - floor(whole * share)::bigint end;

create table campaign_fact as
select case getvariable('platform') when 'google_ads' then 20_100_000_000 when 'meta_ads' then 120_210_000_000_000 else 611_000_000 end
        + 13 * row_number() over (order by c.created_at, c.campaign_id) as id,
    c.campaign_id as campaign_key, a.id as account_id, c.name as first_name, c.renamed_to, c.renamed_at, c.channel, c.objective,
    c.utm_source, c.utm_medium, c.utm_campaign, c.start_date, c.end_date, c.budget_amount, c.created_at, a.time_zone, a.minor_digits
from source.company.campaign c join accounts a using (entity_id)
where platform_of(c.channel, c.campaign_id) = getvariable('platform');

create table ad_group_fact as
select case getvariable('platform') when 'google_ads' then 150_300_000_000 when 'meta_ads' then 120_220_000_000_000 else 322_000_000 end
        + 2 * (id % 1_000_000_000) + n as id,
    id as campaign_id, account_id, n, case n when 1 then 'Core audience' else 'Wide audience' end as name,
    0.3 + 0.4 * share_of('core', campaign_key) as share, created_at
from campaign_fact cross join (values (1), (2)) g (n);

-- Money is split in the smallest unit of its currency.
create table spend_fact as
select g.account_id, g.campaign_id, g.id as ad_group_id, s.spend_date as day, s.recorded_at,
    part_of(s.impressions, g.n, g.share) as impressions, part_of(s.clicks, g.n, g.share) as clicks,
    (part_of((s.amount * pow(10, c.minor_digits))::bigint, g.n, g.share) / pow(10, c.minor_digits)::decimal(20, 4))::decimal(20, 4) as amount
from source.company.campaign_spend s
join campaign_fact c on c.campaign_key = s.campaign_id
join ad_group_fact g on g.campaign_id = c.id;

-- A lead counts on the account's own day. The platform learns of most with the day's figures; of one in four, days later: platforms
-- restate the days before.
create table conversion_fact as
with located as (
    select l.lead_id, c.id as campaign_id, c.account_id, l.created_at,
        ((l.created_at at time zone 'UTC') at time zone c.time_zone)::date as day,
        case when share_of('group', l.lead_id) < 0.5 then 1 else 2 end as n,
        case when share_of('late', l.lead_id) < 0.25 then 1 + floor(share_of('days', l.lead_id) * 13)::integer else 0 end as days_late
    from source.company.lead l join campaign_fact c on c.campaign_key = l.campaign_id
)
select l.lead_id, l.account_id, l.campaign_id, g.id as ad_group_id, l.day,
    greatest(l.created_at, (l.day + 1)::timestamp + interval 6 hour) + to_days(l.days_late) as known_at
from located l join ad_group_fact g on g.campaign_id = l.campaign_id and g.n = l.n;
