-- The account as it stands at the session variable `horizon`. A fact of a row shows only once its own moment has passed.

create or replace temp macro seen(instant) as case when instant <= getvariable('horizon') then instant end;

create or replace table happened as
    select * from event where moment <= getvariable('horizon') order by campaign, member;

create or replace table members as
    with became as (
        select *, seen(fate_at) is not null as is_over, seen(subscribed_at) is not null as is_subscriber from member
        where joined_at <= getvariable('horizon') and (fate is distinct from 'deleted' or seen(fate_at) is null)
    ),
    bought as (
        select member_id as id, count(*) as orders, sum(round(net / fx_rate, 2)) as revenue
        from purchase where processed_at <= getvariable('horizon') group by member_id
    ),
    read as (
        select member as id, count(*) filter (action = 'open' and is_first) as opens, count(*) filter (action = 'click' and is_first) as clicks
        from happened where member is not null group by member
    ),
    got as (
        select member as id, count(*) as mails from recipient join mail on mail.id = campaign where sent_at <= getvariable('horizon') group by member
    )
    select number, became.id, email, first_name, last_name, company, seen(lead_at) as signed_up_at, subscribed_at,
        case when is_over then fate when is_subscriber then 'subscribed' else 'transactional' end as status,
        coalesce(subscribed_at, joined_at) as opted_in_at,
        case when is_over and fate = 'unsubscribed' then fate_at end as unsubscribed_at,
        greatest(joined_at, seen(subscribed_at), seen(lead_at), seen(mql_at), seen(bought_at), case when is_over then fate_at end) as last_changed,
        list_filter([
            case when seen(lead_at) is not null then {'id': 101, 'name': 'Lead'} end,
            case when seen(mql_at) is not null then {'id': 102, 'name': 'Qualified'} end,
            case when seen(bought_at) is not null then {'id': 103, 'name': 'Customer'} end
        ], tag -> tag is not null) as tags,
        coalesce(orders, 0) as orders, coalesce(revenue, 0)::decimal(20, 2) as revenue,
        round(coalesce(opens / nullif(mails, 0), 0), 4) as open_rate, round(coalesce(clicks / nullif(mails, 0), 0), 4) as click_rate,
    from became
    left join bought using (id)
    left join read using (id)
    left join got using (id)
    order by number;

-- A mailing bears the name of its campaign: it is renamed with it, sent or not, which changes no moment of it.
create or replace table mail_now as
    select * exclude (name, campaign_name, renamed_to, renamed_at),
        case when seen(renamed_at) is null or renamed_to is null then name else replace(name, campaign_name, renamed_to) end as title,
    from mail
    where created_at <= getvariable('horizon');

create or replace table reports as
    with counted as (
        select campaign as id,
            count(*) filter (action = 'open') as opens_total, count(*) filter (action = 'open' and is_first) as unique_opens,
            max(moment) filter (action = 'open') as last_open, count(*) filter (action = 'click') as clicks_total,
            count(*) filter (action = 'click' and is_first) as unique_clicks, max(moment) filter (action = 'click') as last_click,
            count(*) filter (kind = 'hard') as hard_bounces, count(*) filter (kind = 'soft') as soft_bounces,
            count(*) filter (action = 'unsubscribe') as unsubscribes,
        from happened group by campaign
    ),
    sold as (
        select campaign as id, count(*) as orders, sum(round((net + tax) / fx_rate, 2)) as spent, sum(round(net / fx_rate, 2)) as revenue
        from purchase where processed_at <= getvariable('horizon') and campaign is not null group by campaign
    )
    select mail_now.id, web_id, title, subject, sent_at, sent, coalesce(opens_total, 0) as opens_total, coalesce(unique_opens, 0) as unique_opens, last_open,
        coalesce(clicks_total, 0) as clicks_total, coalesce(unique_clicks, 0) as unique_clicks, last_click,
        coalesce(hard_bounces, 0) as hard_bounces, coalesce(soft_bounces, 0) as soft_bounces, coalesce(unsubscribes, 0) as unsubscribed,
        coalesce(orders, 0) as orders, coalesce(spent, 0)::decimal(20, 2) as spent, coalesce(revenue, 0)::decimal(20, 2) as revenue,
    from mail_now
    left join counted using (id)
    left join sold using (id)
    where sent_at <= getvariable('horizon');

create or replace table campaigns as
    with listed as (
        select id, web_id, title, subject, utm_campaign, created_at, sent_at, sent, null::timestamp as deleted_at from mail_now
        union all by name
        select id, web_id, name as title, subject, utm_campaign, created_at, null::timestamp as sent_at, 0 as sent, deleted_at from draft
    ),
    audience as (select count(*) as people from members where status = 'subscribed')
    select listed.* exclude (sent_at, sent, deleted_at),
        case
            when listed.sent_at <= getvariable('horizon') then 'sent'
            when listed.sent_at - interval 2 day <= getvariable('horizon') then 'schedule'
            else 'save'
        end as status,
        case when listed.sent_at - interval 2 day <= getvariable('horizon') then listed.sent_at end as send_time,
        case when listed.sent_at <= getvariable('horizon') then listed.sent else 0 end as emails_sent,
        case when listed.sent_at <= getvariable('horizon') then listed.sent else people end as recipient_count, reports as report,
    from listed
    cross join audience
    left join reports on reports.id = listed.id
    where listed.created_at <= getvariable('horizon') and (deleted_at is null or deleted_at > getvariable('horizon'))
    order by listed.web_id;

create or replace table email_activity as
    with listed as (
        select campaign, member, any_value(place) as place from recipient
        join reports on reports.id = campaign
        group by campaign, member
    )
    select campaign, place, member, email, action, moment, url, kind
    from listed
    join member on member.id = listed.member
    left join happened using (campaign, member)
    where action is distinct from 'unsubscribe'
    order by campaign, place, moment;

create or replace table sent_to as
    select campaign, place, member, member.email, first_name, last_name, company, reports.sent_at, coalesce(opens, 0) as opens, readings.last_open, coalesce(bounce, '') as bounce,
    from recipient
    join reports on reports.id = campaign
    join member on member.id = recipient.member
    left join (
        select campaign, member, count(*) filter (action = 'open') as opens, max(moment) filter (action = 'open') as last_open,
            any_value(kind) filter (action = 'bounce') as bounce,
        from happened group by campaign, member
    ) as readings using (campaign, member)
    order by campaign, place;

create or replace table click_details as
    select campaign, substr(md5(campaign || url), 1, 10) as id, url, count(*) as total_clicks, count(*) filter (is_first) as unique_clicks, max(moment) as last_click,
        count(*) / sum(count(*)) over (partition by campaign) as share,
    from happened where action = 'click' group by campaign, url
    order by campaign, id;

create or replace table unsubscribes as
    select campaign, member, email, first_name, last_name, company, moment, member.number
    from happened join member on member.id = happened.member
    where action = 'unsubscribe'
    order by campaign, moment;

create or replace table orders as
    select purchase.*, row_number() over (order by processed_at, document_id) as number, greatest(processed_at, seen(paid_at), seen(refunded_at)) as updated_at,
        case when seen(refunded_at) is not null then 'partially_refunded' when seen(paid_at) is not null then 'paid' else 'pending' end as financial_status,
        email, first_name, last_name, company,
    from purchase
    left join member on member.id = member_id
    where processed_at <= getvariable('horizon')
    order by number;

create or replace table customers as
    select customer_id as id, any_value(email order by number) as email, any_value(first_name order by number) as first_name,
        any_value(last_name order by number) as last_name, any_value(company order by number) as company, count(*) as orders,
        sum(round((net + tax) / fx_rate, 2))::decimal(20, 2) as spent, min(processed_at) as created_at, max(updated_at) as updated_at,
    from orders group by customer_id
    order by id;

create or replace table products as
    select sku as id, any_value(title) as title, min(processed_at) as published_at
    from order_line join orders using (document_id) group by sku
    order by id;

create or replace table automations as
    with welcomed as (select count(*) as n from member where lead_at <= getvariable('horizon')),
    onboarded as (select count(*) as n from member where bought_at <= getvariable('horizon')),
    listed(id, title, trigger, n) as (
        select welcome_id, 'Welcome series', 'welcomeSeries', welcomed.n from account, welcomed
        union all
        select onboarding_id, 'Onboarding of new customers', 'purchaseFollowup', onboarded.n from account, onboarded
    )
    select id, title, trigger, opened_at as created_at, opened_at + interval 2 hour as started_at, n as emails_sent,
        n * 52 // 100 as unique_opens, n * 71 // 100 as opens, n * 12 // 100 as unique_clicks, n * 15 // 100 as clicks,
    from listed, account
    order by id;

create or replace table lists as
    select list_id as id, 300_001 as web_id, name || ' News' as name, opened_at as created_at,
        (select count(*) from members where status = 'subscribed') as member_count,
        (select count(*) from members where status <> 'archived') as total_contacts,
        (select count(*) from members where status = 'unsubscribed') as unsubscribe_count,
        (select count(*) from members where status = 'cleaned') as cleaned_count,
        (select count(*) from campaigns) as campaign_count, (select max(sent_at) from reports) as campaign_last_sent,
        (select max(subscribed_at) from members) as last_sub_date, (select max(unsubscribed_at) from members) as last_unsub_date,
        round((select sum(unique_opens) / nullif(sum(sent), 0) from reports) * 100, 2) as open_rate,
        round((select sum(unique_clicks) / nullif(sum(sent), 0) from reports) * 100, 2) as click_rate,
    from account
    where opened_at <= getvariable('horizon');
