-- The accounts as they stand at the session variable `horizon`, sorted so that the days of one account lie together.

create or replace table campaigns as
select id, campaign_key, account_id, case when renamed_at <= getvariable('horizon') then renamed_to else first_name end as name,
    channel, objective, utm_source, utm_medium, utm_campaign, start_date, end_date, budget_amount, created_at,
    greatest(created_at, case when renamed_at <= getvariable('horizon') then renamed_at else created_at end) as updated_at,
    end_date < getvariable('horizon')::date as is_over
from campaign_fact where created_at <= getvariable('horizon')
order by account_id, id;

create or replace table ad_groups as
select g.id, g.campaign_id, g.account_id, g.name, g.created_at, c.is_over
from ad_group_fact g join campaigns c on c.id = g.campaign_id
order by g.account_id, g.id;

create or replace table report as
with told as (
    select account_id, campaign_id, ad_group_id, day, impressions, clicks, amount, 0 as conversions
    from spend_fact where recorded_at <= getvariable('horizon')
    union all
    select account_id, campaign_id, ad_group_id, day, 0, 0, 0, count(*) from conversion_fact where known_at <= getvariable('horizon') group by all
)
select account_id, campaign_id, ad_group_id, day, sum(impressions)::bigint as impressions, sum(clicks)::bigint as clicks,
    sum(amount)::decimal(20, 4) as amount, sum(conversions)::bigint as conversions
from told group by all
order by account_id, day, campaign_id, ad_group_id;
