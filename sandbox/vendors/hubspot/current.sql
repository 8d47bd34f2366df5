-- The account as it stands at the session variable `horizon`: one table for each object type, a column for each property, sorted by id so
-- that reads of one id or a page touch one block. A fact of a row shows only once its own moment has passed.

create or replace temp macro seen(moment) as case when moment <= getvariable('horizon') then moment end;
create or replace temp macro owner_of(employee) as (select owner.id::varchar from owner where owner.employee_id = employee);

-- Who a merged object has become; the ids of losers lead to their winners.
create or replace table merged as
    select object_type, loser_id, winner_id, merged_at from merge where merged_at <= getvariable('horizon');

create or replace table contact_now as
    select contact.person_id, coalesce(winner_id, contact.id) as id, loser_id, merged_at, contact.email
    from contact
    left join merged on object_type = 'contacts' and loser_id = contact.id
    where contact.created_at <= getvariable('horizon');

create or replace table company_now as
    select company.organization_id, coalesce(winner_id, company.id) as id, loser_id, merged_at
    from company
    left join merged on object_type = 'companies' and loser_id = company.id
    where company.created_at <= getvariable('horizon');

create or replace table deal_now as
    select * exclude (updated_at, deleted_at, closed_at), seen(updated_at) as touched_at, seen(deleted_at) as gone_at, seen(closed_at) as ended_at
    from opportunity
    where created_at <= getvariable('horizon');

create or replace table contacts as
    with lead_facts as (
        select id, min(created_at) as lead_at, min(seen(mql_at)) as mql_at, min(seen(sql_at)) as sql_at, min(seen(disqualified_at)) as disqualified_at
        from lead join contact_now using (person_id)
        where created_at <= getvariable('horizon')
        group by id
    ),
    deal_facts as (
        select contact_now.id, min(deal_now.created_at) as opportunity_at, min(ended_at) filter (outcome = 'won') as customer_at,
            arg_max(owner_employee_id, deal_now.created_at) as owner_employee_id, max(deal_now.created_at) as owned_at,
        from deal_now
        join opportunity_person using (opportunity_id)
        join contact_now using (person_id)
        group by contact_now.id
    ),
    touch_facts as (
        select contact_now.id, arg_min(touch, touch.id) as first_touch, arg_max(touch, touch.id) as last_touch
        from touch
        join contact_now using (person_id)
        where occurred_at <= getvariable('horizon')
        group by contact_now.id
    ),
    merge_facts as (
        select id, string_agg(loser_id::varchar, ';' order by loser_id) as merged_ids, string_agg(email, ';' order by loser_id) as other_emails,
            max(merged_at) as merged_at,
        from contact_now
        where loser_id is not null
        group by id
    ),
    known as (
        select contact.*, company.name as company_name, lead_facts.* exclude (id), deal_facts.* exclude (id), touch_facts.* exclude (id),
            merge_facts.* exclude (id),
            greatest(
                contact.created_at, mql_at, sql_at, disqualified_at, opportunity_at, owned_at, customer_at, merged_at, last_touch.occurred_at
            ) as updated_at,
        from contact
        join lead_facts using (id)
        left join company on company.organization_id = contact.organization_id
        left join deal_facts using (id)
        left join touch_facts using (id)
        left join merge_facts using (id)
    )
    select id, created_at, updated_at, null::timestamp as archived_at,
        id as hs_object_id, created_at as createdate, updated_at as lastmodifieddate,
        email, firstname, lastname, phone, jobtitle, company_name as company, owner_of(owner_employee_id) as hubspot_owner_id,
        merged_ids as hs_merged_object_ids, other_emails as hs_additional_emails,
        case
            when customer_at is not null then 'customer'
            when opportunity_at is not null then 'opportunity'
            when sql_at is not null then 'salesqualifiedlead'
            when mql_at is not null then 'marketingqualifiedlead'
            else 'lead'
        end as lifecyclestage,
        case when disqualified_at is null then 'OPEN' else 'UNQUALIFIED' end as hs_lead_status,
        first_touch.traffic as hs_analytics_source, first_touch.traffic_data_1 as hs_analytics_source_data_1,
        first_touch.traffic_data_2 as hs_analytics_source_data_2, first_touch.occurred_at as hs_analytics_first_timestamp,
        first_touch.campaign_guid as hs_analytics_first_touch_converting_campaign,
        last_touch.traffic as hs_analytics_latest_source, last_touch.traffic_data_1 as hs_analytics_latest_source_data_1,
        last_touch.traffic_data_2 as hs_analytics_latest_source_data_2, last_touch.occurred_at as hs_analytics_latest_source_timestamp,
        last_touch.campaign_guid as hs_analytics_last_touch_converting_campaign,
        lead_at as hs_lifecyclestage_lead_date, mql_at as hs_lifecyclestage_marketingqualifiedlead_date,
        sql_at as hs_lifecyclestage_salesqualifiedlead_date, opportunity_at as hs_lifecyclestage_opportunity_date,
        customer_at as hs_lifecyclestage_customer_date,
    from known
    order by id;

create or replace table companies as
    with deal_facts as (
        select company_now.id, arg_max(owner_employee_id, created_at) as owner_employee_id, max(created_at) as owned_at
        from deal_now join company_now using (organization_id)
        group by company_now.id
    ),
    merge_facts as (
        select id, string_agg(loser_id::varchar, ';' order by loser_id) as merged_ids, max(merged_at) as merged_at
        from company_now
        where loser_id is not null
        group by id
    ),
    known as (
        select company.*, owner_employee_id, merged_ids, greatest(company.created_at, owned_at, merged_at) as updated_at
        from company
        semi join company_now using (id)
        left join deal_facts using (id)
        left join merge_facts using (id)
    )
    select id, created_at, updated_at, null::timestamp as archived_at,
        id as hs_object_id, created_at as createdate, updated_at as hs_lastmodifieddate,
        name, domain, phone, address, city, zip, country, industry, numberofemployees, owner_of(owner_employee_id) as hubspot_owner_id,
        merged_ids as hs_merged_object_ids,
    from known
    order by id;

create or replace table deals as
    with stage_facts as (
        select opportunity_id, arg_max(stage, entered_at) as last_stage, max(entered_at) as moved_at,
            max(entered_at) filter (stage = 'qualification') as hs_v2_date_entered_qualification,
            max(entered_at) filter (stage = 'discovery') as hs_v2_date_entered_discovery,
            max(entered_at) filter (stage = 'proposal') as hs_v2_date_entered_proposal,
            max(entered_at) filter (stage = 'negotiation') as hs_v2_date_entered_negotiation,
            max(entered_at) filter (stage = 'closedwon') as hs_v2_date_entered_closedwon,
            max(entered_at) filter (stage = 'closedlost') as hs_v2_date_entered_closedlost,
            max(seen(exited_at)) filter (stage = 'qualification') as hs_v2_date_exited_qualification,
            max(seen(exited_at)) filter (stage = 'discovery') as hs_v2_date_exited_discovery,
            max(seen(exited_at)) filter (stage = 'proposal') as hs_v2_date_exited_proposal,
            max(seen(exited_at)) filter (stage = 'negotiation') as hs_v2_date_exited_negotiation,
            max(seen(exited_at)) filter (stage = 'closedwon') as hs_v2_date_exited_closedwon,
            max(seen(exited_at)) filter (stage = 'closedlost') as hs_v2_date_exited_closedlost,
        from stage
        where entered_at <= getvariable('horizon')
        group by opportunity_id
    ),
    known as (
        select deal.*, greatest(deal.created_at, moved_at, ended_at, touched_at, gone_at) as updated_at, contacts.hs_analytics_source,
            stage_facts.* exclude (opportunity_id, moved_at),
        from deal_now as deal
        left join stage_facts using (opportunity_id)
        left join contact_now on contact_now.person_id = deal.primary_person_id
        left join contacts on contacts.id = contact_now.id
    )
    select id, created_at, updated_at, gone_at as archived_at,
        id as hs_object_id, created_at as createdate, updated_at as hs_lastmodifieddate,
        name as dealname, amount, amount_in_home_currency, currency as deal_currency_code,
        coalesce(ended_at, expected_close_date::timestamp) as closedate,
        case when ended_at is not null then 'closed' || outcome else coalesce(last_stage, 'qualification') end as dealstage,
        'default' as pipeline, case kind when 'new' then 'newbusiness' else 'existingbusiness' end as dealtype,
        ended_at is not null as hs_is_closed, ended_at is not null and outcome = 'won' as hs_is_closed_won,
        owner_of(owner_employee_id) as hubspot_owner_id, hs_analytics_source, columns('hs_v2_date_.*'),
    from known
    order by id;

create or replace table line_items as
    select id, created_at, greatest(created_at, seen(deleted_at)) as updated_at, seen(deleted_at) as archived_at,
        id as hs_object_id, created_at as createdate, updated_at as hs_lastmodifieddate,
        name, product_id::varchar as hs_product_id, hs_sku, quantity, price, amount, discount, discount_percentage as hs_discount_percentage,
        case when term_months > 0 then 'P' || term_months || 'M' end as hs_recurring_billing_period, currency as hs_line_item_currency_code,
    from opportunity_line
    where created_at <= getvariable('horizon')
    order by id;

create or replace table products as
    select id, created_at, created_at as updated_at, null::timestamp as archived_at,
        id as hs_object_id, created_at as createdate, created_at as hs_lastmodifieddate,
        name, description, hs_sku, 'monthly' as recurringbillingfrequency, price,
    from product
    where created_at <= getvariable('horizon')
    order by id;

-- Whoever had the latest deal with the person at that time held the conversation.
create or replace table engagement_now as
    with talk as (
        select touch.id, any_value(touch.touch_type) as touch_type, any_value(touch.person_id) as person_id,
            any_value(touch.occurred_at) as occurred_at, arg_max(owner_employee_id, created_at) as owner_employee_id,
        from touch
        left join (from opportunity_person join opportunity using (opportunity_id)) as deal
            on deal.person_id = touch.person_id and deal.created_at <= touch.occurred_at
        where touch_type in ('meeting', 'call') and occurred_at <= getvariable('horizon')
        group by touch.id
    )
    select talk.id, touch_type, contact_now.id as contact_id, occurred_at, greatest(occurred_at, contact.created_at) as logged_at,
        concat_ws(' ', firstname, lastname) as person, owner_of(owner_employee_id) as hubspot_owner_id,
    from talk
    join contact using (person_id)
    join contact_now using (person_id);

create or replace table meetings as
    select id, logged_at as created_at, logged_at as updated_at, null::timestamp as archived_at,
        id as hs_object_id, logged_at as hs_createdate, logged_at as hs_lastmodifieddate,
        'Meeting with ' || person as hs_meeting_title, hubspot_owner_id, occurred_at as hs_timestamp, occurred_at as hs_meeting_start_time,
        occurred_at + interval 30 minute as hs_meeting_end_time, 'COMPLETED' as hs_meeting_outcome,
    from engagement_now
    where touch_type = 'meeting'
    order by id;

create or replace table calls as
    select id, logged_at as created_at, logged_at as updated_at, null::timestamp as archived_at,
        id as hs_object_id, logged_at as hs_createdate, logged_at as hs_lastmodifieddate,
        'Call with ' || person as hs_call_title, 'f240bbac-87c9-4f6e-bf70-924b57d47db7' as hs_call_disposition, hubspot_owner_id,
        occurred_at as hs_timestamp, 'OUTBOUND' as hs_call_direction,
    from engagement_now
    where touch_type = 'call'
    order by id;

-- Both directions of each tie between two living objects. A primary company is tied twice: once by that label, once without one.
create or replace table association as
    with tie as (
        select 'contacts' as from_type, contacts.id as from_id, 'companies' as to_type, company_now.id as to_id
        from contacts join contact using (id) join company_now using (organization_id)
        union all
        select 'deals', deal_now.id, 'companies', company_now.id
        from deal_now join company_now using (organization_id)
        where gone_at is null
        union all
        select distinct 'deals', deal_now.id, 'contacts', contact_now.id
        from deal_now join opportunity_person using (opportunity_id) join contact_now using (person_id)
        where gone_at is null and tied_at <= getvariable('horizon')
        union all
        select 'deals', deal_id, 'line_items', line.id
        from opportunity_line as line join deal_now on deal_now.id = deal_id
        where gone_at is null
        union all
        select touch_type || 's', id, 'contacts', contact_id from engagement_now
    ),
    kind(from_type, to_type, type_id, reverse_id, label, name, reverse_name) as (
        values
            ('contacts', 'companies', 279, 280, null, 'contact_to_company_unlabeled', 'company_to_contact_unlabeled'),
            ('contacts', 'companies', 1, 2, 'Primary', 'contact_to_company', 'company_to_contact'),
            ('deals', 'companies', 341, 342, null, 'deal_to_company_unlabeled', 'company_to_deal_unlabeled'),
            ('deals', 'companies', 5, 6, 'Primary', 'deal_to_company', 'company_to_deal'),
            ('deals', 'contacts', 3, 4, null, 'deal_to_contact', 'contact_to_deal'),
            ('deals', 'line_items', 19, 20, null, 'deal_to_line_item', 'line_item_to_deal'),
            ('meetings', 'contacts', 200, 199, null, 'meeting_event_to_contact', 'contact_to_meeting_event'),
            ('calls', 'contacts', 194, 193, null, 'call_to_contact', 'contact_to_call')
    )
    select from_type, from_id, to_type, to_id, type_id, label, name from tie join kind using (from_type, to_type)
    union all
    select to_type, to_id, from_type, from_id, reverse_id, label, reverse_name from tie join kind using (from_type, to_type)
    order by all;

-- Former values of the properties whose path matters; others have had their present value since the object was made.
create or replace table history as
    select 'deals' as object_type, deal_now.id, 'dealstage' as property, stage.stage as value, stage.entered_at as changed_at
    from stage join deal_now using (opportunity_id)
    where stage.entered_at <= getvariable('horizon')
    union all
    select 'contacts', id, 'lifecyclestage', regexp_extract(moment, 'stage_(.*)_date', 1), changed_at
    from (
        unpivot (select id, columns('hs_lifecyclestage_.*_date') from contacts)
        on columns(* exclude (id)) into name moment value changed_at
    )
    order by all;

create or replace table owners as
    select id, user_id, email, first_name, last_name, created_at, greatest(created_at, seen(left_at)) as updated_at, seen(left_at) as archived_at,
    from owner
    where created_at <= getvariable('horizon')
    order by id;

-- What a campaign was given, one item, and what it has cost, one item a month.
create or replace table money_items as
    select campaign.guid, 'spend' as kind, item_id as id, strftime(min(spend_date), '%B %Y') as name, sum(amount) as amount,
        min(recorded_at) as created_at, max(recorded_at) as updated_at,
        row_number() over (partition by campaign.guid order by item_id) - 1 as sequence,
    from spend
    join campaign using (campaign_id)
    where recorded_at <= getvariable('horizon')
    group by campaign.guid, item_id
    union all
    select guid, 'budget', 300_000 + id % 100_000, 'Plan', budget_amount, created_at, created_at, 0
    from campaign
    where budget_amount is not null and created_at <= getvariable('horizon')
    order by all;

create or replace table campaigns as
    with spent as (select guid, sum(amount) as amount, max(updated_at) as updated_at from money_items where kind = 'spend' group by guid)
    select campaign.id, campaign.guid, campaign.created_at,
        greatest(
            campaign.created_at, seen(renamed_at), spent.updated_at, seen(start_date::timestamp), seen(end_date::timestamp + interval 1 day)
        ) as updated_at,
        campaign.id::varchar as hs_object_id, case when seen(renamed_at) is null then name else coalesce(renamed_to, name) end as hs_name,
        utm_campaign as hs_utm, start_date::varchar as hs_start_date, end_date::varchar as hs_end_date,
        case
            when seen(end_date::timestamp + interval 1 day) is not null then 'completed'
            when seen(start_date::timestamp) is not null then 'in_progress'
            else 'planned'
        end as hs_campaign_status,
        currency as hs_currency_code, owner_of(owner_employee_id) as hs_owner, coalesce(budget_amount, 0) as budget_total,
        coalesce(spent.amount, 0) as spend_total,
    from campaign
    left join spent using (guid)
    where campaign.created_at <= getvariable('horizon')
    order by campaign.id;

create or replace table emails as
    select email.* exclude (campaign_id, email_id), 210_000_000 + email.id % 10_000_000 as app_campaign_id, published_at as created_at,
        greatest(published_at, case when seen(renamed_at) > published_at then seen(renamed_at) end) as updated_at,
        campaigns.guid as campaign_guid, campaigns.hs_name as campaign_name, campaigns.hs_utm as campaign_utm,
    from email
    left join campaign using (campaign_id)
    left join campaigns using (guid)
    where published_at <= getvariable('horizon')
    order by email.id;

create or replace table email_events as
    select *, epoch_ms(moment) as created from email_event where moment <= getvariable('horizon') order by moment desc, id desc;

-- Who takes part is known once they are a contact; a list that somebody brings along tells of before.
create or replace table participations as
    select attendance.id, event_id, state, occurred_at, contacts.id as contact_id, contacts.firstname, contacts.lastname, contacts.email,
        greatest(occurred_at, contact.created_at) as created_at,
    from attendance
    join contact using (person_id)
    join contact_now using (person_id)
    join contacts on contacts.id = contact_now.id
    where occurred_at <= getvariable('horizon')
    order by id;

create or replace table gatherings as
    with counted as (
        select event_id, count(*) filter (state = 'REGISTERED') as registrants, count(*) filter (state = 'ATTENDED') as attendees,
            max(created_at) as changed_at,
        from participations
        group by event_id
    )
    select gathering.id, campaign.guid as campaign_guid, gathering.channel, starts_at, ends_at, gathering.created_at,
        case when seen(gathering.renamed_at) is null then gathering.name else coalesce(gathering.renamed_to, gathering.name) end as name,
        greatest(gathering.created_at, seen(gathering.renamed_at), seen(ends_at), changed_at) as updated_at,
        coalesce(registrants, 0) as registrants, coalesce(attendees, 0) as attendees, ends_at <= getvariable('horizon') as is_over,
        starts_at <= getvariable('horizon') as has_begun,
    from gathering
    join campaign using (campaign_id)
    left join counted on event_id = gathering.id
    where gathering.created_at <= getvariable('horizon')
    order by gathering.id;

create or replace table assets as
    select campaign_guid as guid, 'MARKETING_EMAIL' as type, id, name, json_object(
        'sent', sent, 'delivered', delivered, 'open', opened, 'click', clicked, 'bounce', bounced, 'unsubscribed', unsubscribed
    ) as metrics
    from emails
    where campaign_guid is not null
    union all
    select campaign_guid, 'MARKETING_EVENT', id, name, json_object('registrants', registrants, 'attendees', attendees) from gatherings
    order by all;

-- What contacts had to do with marketing, and by which campaign as far as it is known here.
create or replace table interactions as
    select touch.id, contact_now.id as contact_id, touch_type, occurred_at, contacts.created_at as contact_made_at,
        case
            when touch_type in ('email_click', 'webinar_attended', 'event_attended') then guid_of('campaign', campaign_id)
            else campaign_guid
        end as guid,
    from touch
    join contact_now using (person_id)
    join contacts on contacts.id = contact_now.id
    where touch_type not in ('meeting', 'call') and occurred_at <= getvariable('horizon')
    order by touch.id;

-- What each of them has to do with a won deal, in every model of the reports; shares of a deal add up to one.
create or replace table deal_credits as
    with met as (
        select distinct deal_now.id as deal_id, amount_in_home_currency as amount, ended_at, deal_now.created_at as deal_made_at,
            interactions.id, guid, contact_id, touch_type, occurred_at,
        from deal_now
        join opportunity_person using (opportunity_id)
        join contact_now using (person_id)
        join interactions on contact_id = contact_now.id
        where outcome = 'won' and ended_at is not null and gone_at is null and occurred_at <= ended_at
    ),
    placed as (
        select *, row_number() over path = 1 as is_first, row_number() over back = 1 as is_last,
            id = first_value(case when touch_type = 'form_submission' then id end ignore nulls) over whole as makes_contact,
            id = last_value(case when occurred_at <= deal_made_at then id end ignore nulls) over whole as makes_deal,
        from met
        window path as (partition by deal_id order by occurred_at, id), back as (partition by deal_id order by occurred_at desc, id desc),
            whole as (partition by deal_id order by occurred_at, id rows between unbounded preceding and unbounded following)
    ),
    shaped(model, first_part, contact_part, deal_part, last_part, rest) as (
        values
            ('LINEAR', 0, 0, 0, 0, 1), ('FIRST_INTERACTION', 1, 0, 0, 0, 0), ('LAST_INTERACTION', 0, 0, 0, 1, 0),
            ('U_SHAPED', 0.4, 0.4, 0, 0, 0.2), ('W_SHAPED', 0.3, 0.3, 0.3, 0, 0.1), ('FULL_PATH', 0.225, 0.225, 0.225, 0.225, 0.1),
            ('J_SHAPED', 0.2, 0, 0, 0.6, 0.2), ('INVERSE_J_SHAPED', 0.6, 0, 0, 0.2, 0.2), ('TIME_DECAY', 0, 0, 0, 0, 0)
    ),
    marked as (
        select model, deal_id, amount, ended_at, id, guid, contact_id, rest,
            case
                when model = 'TIME_DECAY' then pow(0.5, date_diff('day', occurred_at, ended_at) / 7.0)
                else is_first::integer * first_part + coalesce(makes_contact, false)::integer * contact_part
                    + coalesce(makes_deal, false)::integer * deal_part + is_last::integer * last_part
            end as part,
        from placed cross join shaped
    ),
    spread as (select *, count(*) filter (part = 0) over (partition by model, deal_id) as others from marked),
    weighed as (select *, case when part > 0 or others = 0 then part else rest / others end as weight from spread)
    select model, guid, deal_id, contact_id, amount, ended_at, weight / sum(weight) over (partition by model, deal_id) as weight
    from weighed
    order by model, guid, deal_id;

create or replace table forms as
    select row_number() over (order by created_at, guid) as id, guid, name, created_at
    from form
    where created_at <= getvariable('horizon')
    order by id;

create or replace table submissions as
    select *, md5(form_guid || id) as conversion_id from submission where submitted_at <= getvariable('horizon') order by form_guid, id desc;

create unique index contacts_id on contacts (id);
create unique index companies_id on companies (id);
create unique index deals_id on deals (id);
create unique index line_items_id on line_items (id);
create unique index products_id on products (id);
create unique index meetings_id on meetings (id);
create unique index calls_id on calls (id);
create unique index owners_id on owners (id);
create unique index campaigns_guid on campaigns (guid);
create unique index emails_id on emails (id);
create index association_from on association (from_id);
create index history_id on history (id);
