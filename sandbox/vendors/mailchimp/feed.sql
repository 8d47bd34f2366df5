-- The part of the simulated company that its Mailchimp account knows, copied once from the company's file (attached as `source`).
-- `entity` is a session variable. All instants are cut to seconds: the account keeps no finer ones.

create macro id_of(kind, key) as substr(md5(kind || '/' || key), 1, 10);
create macro chance(topic, key) as (md5_number_lower(topic || '/' || key) % 1_000_000)::double / 1_000_000;
create macro second(instant) as date_trunc('second', instant);
-- When a reader gets to a mail: within hours mostly, six weeks later at most.
create macro delay(topic, key) as to_seconds(60 + least(floor(-ln(1 - chance(topic, key)) * 108_000), 3_600_000)::integer);

-- A campaign of Mailchimp is one mailing: an e-mail of the company. It is written six days before it is sent.
create table mail as
    select id_of('campaign', email_id) as id, 5_000_000 + 3 * row_number() over (order by published_at, email_id) as web_id, email_id,
        email.campaign_id, email.name, campaign.name as campaign_name, campaign.renamed_to, second(campaign.renamed_at) as renamed_at,
        campaign.utm_campaign, email.subject, second(published_at) as sent_at, second(published_at) - interval 6 day as created_at,
        email.sent, opened, clicked, bounced, unsubscribed,
    from source.company.marketing_email as email
    left join source.company.campaign using (campaign_id)
    where email.entity_id = getvariable('entity');

-- Somebody copies one mailing in eight while it is written, and throws the copy away before it is sent.
create table draft as
    select id_of('copy', email_id) as id, web_id + 1 as web_id, name || ' (copy 01)' as name, subject, utm_campaign,
        sent_at - interval 5 day as created_at, sent_at - interval 1 day as deleted_at,
    from mail
    where chance('copied', email_id) < 0.125;

create table person as
    select person_id, organization_id, md5(lower(email)) as member_id, lower(email) as email, first_name, last_name, organization.name as company
    from source.company.person
    join source.company.organization using (organization_id)
    where organization.entity_id = getvariable('entity');

create table lead as
    select member_id, min(second(lead.created_at)) as lead_at, min(second(mql_at)) as mql_at
    from source.company.lead
    join person using (person_id)
    where lead.entity_id = getvariable('entity')
    group by member_id;

-- A click is on the latest mailing of its campaign; its address lacks the tags that were lost on the way.
create table click as
    with pressed as (
        select touch_id, member_id, organization_id, campaign_id, second(occurred_at) as occurred_at, coalesce(landing_page, '') as landing_page,
            concat_ws(
                '&', 'utm_source=' || touch.utm_source, 'utm_medium=' || touch.utm_medium, 'utm_campaign=' || touch.utm_campaign
            ) as tags,
        from source.company.touch
        join person using (person_id)
        where touch.entity_id = getvariable('entity') and touch_type = 'email_click'
    ),
    first_mail as (select campaign_id, arg_min(id, sent_at) as id, min(sent_at) as sent_at from mail group by campaign_id)
    select touch_id, member_id, organization_id, coalesce(mail.id, first_mail.id) as campaign,
        greatest(occurred_at, coalesce(mail.sent_at, first_mail.sent_at) + interval 1 minute) as moment,
        landing_page || coalesce('?' || nullif(tags, ''), '') as url,
    from pressed
    asof left join mail on mail.campaign_id = pressed.campaign_id and mail.sent_at <= occurred_at
    join first_mail on first_mail.campaign_id = pressed.campaign_id;

-- An order of the web shop is the first invoice of a subscription that continues none, with what is sold along with it.
create table shop_order as
    with fresh as (
        select subscription_id, subscription.customer_id, product_id, quantity, start_date, opportunity_id
        from source.company.subscription
        where entity_id = getvariable('entity') and not exists (
            from source.company.subscription as earlier
            where earlier.customer_id = subscription.customer_id and earlier.product_id = subscription.product_id
                and earlier.end_date + 1 = subscription.start_date
        )
    ),
    billed as (
        select subscription_id, arg_min(document.document_id, (document.recorded_at, document.document_id)) as document_id
        from fresh
        join source.company.document_line as line
            on line.product_id = fresh.product_id and line.service_start_date = fresh.start_date and line.quantity = fresh.quantity
        join source.company.document
            on document.document_id = line.document_id and document.customer_id = fresh.customer_id
            and document.kind = 'sale' and document.voided_at is null and document.deleted_at is null
        group by subscription_id
    )
    select document_id, any_value(document.number) as id, any_value(customer.customer_id) as customer_id,
        any_value(customer.organization_id) as organization_id, any_value(document.currency) as currency, any_value(document.fx_rate) as fx_rate,
        second(any_value(document.recorded_at)) as processed_at, any_value(opportunity.primary_person_id) as person_id,
        list(fresh.product_id) as products, min(fresh.start_date) as start_date,
    from fresh
    join billed using (subscription_id)
    join source.company.document using (document_id)
    join source.company.customer on customer.customer_id = fresh.customer_id
    left join source.company.opportunity using (opportunity_id)
    group by document_id;

create table order_line as
    select document_id, document_line_id as id, product.sku, product.name as title, line.quantity, line.net_amount, line.tax_amount, line_number
    from shop_order
    join source.company.document_line as line using (document_id)
    join source.company.product using (product_id)
    where (list_contains(products, line.product_id) and line.service_start_date = shop_order.start_date) or line.service_start_date is null;

-- What becomes of orders: paid, paid back in part. And by which mailing they came: the firm's last click within the five days before.
create table purchase as
    with paid as (
        select document_id, min(second(recorded_at)) as paid_at from source.company.payment where deleted_at is null group by document_id
    ),
    refunded as (
        select credits_document_id as document_id, min(second(payment.recorded_at)) as refunded_at
        from source.company.document as credit
        join source.company.payment using (document_id)
        where credit.kind = 'sale_credit' and payment.deleted_at is null
        group by credits_document_id
    ),
    total as (select document_id, sum(net_amount) as net, sum(tax_amount) as tax from order_line group by document_id),
    first_person as (select organization_id, min(person_id) as person_id from person group by organization_id),
    led as (
        select document_id, click.campaign, click.member_id, click.url
        from shop_order
        join click using (organization_id)
        where click.moment <= processed_at and click.moment >= processed_at - interval 5 day
        qualify row_number() over (partition by document_id order by click.moment desc, touch_id) = 1
    )
    select shop_order.* exclude (person_id, products, start_date), led.campaign, coalesce(led.url, '') as landing_site, paid_at, refunded_at,
        net, tax, coalesce(led.member_id, buyer.member_id) as member_id,
    from shop_order
    join total using (document_id)
    left join led using (document_id)
    left join first_person using (organization_id)
    left join person as buyer on buyer.person_id = coalesce(shop_order.person_id, first_person.person_id)
    left join paid using (document_id)
    left join refunded using (document_id);

-- Whom the audience holds: who left an address (with a sign-up), who clicks before (with the list that was imported), who buys
-- (as a transactional contact). Few leave, bounce, are archived or deleted for good, each after the last that is known of them.
create table member as
    with clicker as (
        select member_id, min(mail.sent_at) - interval 1 hour as imported_at, max(moment) as last_click
        from click join mail on mail.id = campaign group by member_id
    ),
    buyer as (
        select member_id, min(processed_at) as bought_at, max(processed_at) as last_order, count(*) as orders from purchase group by member_id
    ),
    known as (
        select member_id as id, any_value(email) as email, any_value(first_name order by person_id) as first_name,
            any_value(last_name order by person_id) as last_name, any_value(company order by person_id) as company,
        from person group by member_id
    ),
    dated as (
        select known.*, lead_at, mql_at, imported_at, bought_at, least(lead_at, imported_at) as subscribed_at, least(lead_at, imported_at, bought_at) as joined_at,
            last_click, last_order, chance('fate', id) as luck,
        from known
        left join lead on lead.member_id = id
        left join clicker on clicker.member_id = id
        left join buyer on buyer.member_id = id
        where coalesce(lead_at, imported_at, bought_at) is not null
    )
    select row_number() over (order by joined_at, id) as number, *,
        case when luck < 0.06 then 'unsubscribed' when luck < 0.09 then 'cleaned' when luck < 0.13 then 'archived' when luck < 0.145 then 'deleted' end as fate,
        case when luck < 0.145 then greatest(
            joined_at + to_seconds(2_592_000 + floor(chance('fate day', id) * 25_000_000)::integer), lead_at + interval 1 day, mql_at + interval 1 day,
            last_click + interval 2 day, last_order + interval 2 day
        ) end as fate_at,
    from dated
    order by number;

-- Who got a mailing: those on the list then, as far as it was sent to so many. Clickers come first, then by lot: the first have opened it.
create table recipient as
    with clicker as (select campaign, member_id, min(moment) as clicked_at from click group by all),
    listed as (
        select mail.id as campaign, member.id as member, mail.sent, clicked_at,
            row_number() over (partition by mail.id order by clicked_at is null, md5(mail.id || member.id)) as place,
        from mail
        join member on subscribed_at <= sent_at and (fate_at is null or fate_at > sent_at)
        left join clicker on clicker.campaign = mail.id and clicker.member_id = member.id
    )
    select campaign, member, place, clicked_at from listed where place <= sent or clicked_at is not null;

-- All that happens with mailings, person by person as far as there are persons, the rest of the counts without one.
create table event as
    with many as (
        select campaign, count(*) as people, count(clicked_at) as clickers from recipient group by campaign
    ),
    figure as (
        select mail.*, coalesce(people, 0) as people, coalesce(clickers, 0) as clickers,
            least(coalesce(bounced * people // nullif(sent, 0), 0), people - clickers) as bounced_people,
        from mail left join many on campaign = id
    ),
    planned as (
        select *, least(greatest(opened, clickers), people - bounced_people) as opened_people from figure
    ),
    opening as (
        select id as campaign, sent_at, unnest(range(1, greatest(opened, clickers) + 1)) as place, opened_people from planned
    ),
    opened as (
        select opening.campaign, member, opening.place, sent_at,
            least(sent_at + delay('open', opening.campaign || opening.place), coalesce(clicked_at, timestamp '9999-01-01') - interval 20 second) as moment,
        from opening
        left join recipient on recipient.campaign = opening.campaign and recipient.place = opening.place and opening.place <= opened_people
    ),
    clicked as (
        select campaign, member_id as member, moment, url, row_number() over (partition by campaign, member_id order by moment, touch_id) = 1 as is_first
        from click
        union all
        select id, null, sent_at + delay('click', id || n), 'https://www.meridian.example/' || getvariable('entity') || '/', true
        from (select *, unnest(range(clickers, clicked)) as n from planned)
    ),
    returned as (
        select id as campaign, sent_at, people, bounced_people, unnest(range(0, bounced)) as n from planned
    ),
    -- Who leaves within a week of a mailing has left by it, as long as it has lost so many.
    leaving as (
        select mail.id as campaign, member.id as member, fate_at as moment,
            row_number() over (partition by mail.id order by fate_at, member.id) as n,
        from member
        asof join mail on mail.sent_at <= fate_at
        where fate = 'unsubscribed' and fate_at < mail.sent_at + interval 7 day
    ),
    left_over as (
        select id as campaign, sent_at, unnest(range(1, unsubscribed + 1)) as n from mail
    )
    select campaign, member, 'open' as action, greatest(moment, sent_at + interval 30 second) as moment, '' as url, '' as kind, true as is_first from opened
    union all
    select campaign, member, 'open', moment + to_seconds(3600 + floor(chance('again when', campaign || place) * 2_400_000)::integer), '', '', false
    from opened where chance('again', campaign || place) < 0.3
    union all
    select campaign, member, 'click', moment, url, '', is_first from clicked
    union all
    select returned.campaign, member, 'bounce', sent_at + to_seconds((60 + n % 120)::integer), '',
        case when chance('soft', returned.campaign || n) < 0.4 then 'soft' else 'hard' end, true
    from returned
    left join recipient on recipient.campaign = returned.campaign and n < bounced_people and place = people - n
    union all
    select left_over.campaign, member, 'unsubscribe', coalesce(leaving.moment, sent_at + least(delay('leave', left_over.campaign || n), interval 6 day)), '', '', true
    from left_over left join leaving using (campaign, n)
    order by campaign, moment;

create table account as
    select entity.name, entity.currency, id_of('list', entity_id) as list_id, id_of('automation', 'welcome') as welcome_id,
        id_of('automation', 'onboarding') as onboarding_id, 'brightforms-shop' as store_id,
        least((select min(joined_at) from member), (select min(created_at) from mail)) - interval 1 day as opened_at,
    from source.company.entity
    where entity_id = getvariable('entity');
