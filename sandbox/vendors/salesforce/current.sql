-- The org as it stands at the session variable `horizon`: a table for each object, a column for each field. A fact of a row shows only once
-- its own moment has passed, and what was committed late once that is done. Deleted rows lie in the recycle bin for 15 days, then they
-- are gone.

create or replace temp macro seen(moment, late) as case when moment + late <= getvariable('horizon') then moment end;
create or replace temp macro shown(moment, late) as moment + late <= getvariable('horizon');
create or replace temp macro in_bin(deleted_at) as coalesce(deleted_at > getvariable('horizon') - interval 15 day, true);
create or replace temp macro word_of(word) as (select campaign_type from channel_word where channel_word.channel = word);

create or replace table "Organization" as
    select sf_id('00D', 1) as "Id", 'Meridian Group' as "Name", 'Enterprise Edition' as "OrganizationType", false as "IsSandbox", 'en_US' as "LanguageLocaleKey",
        'America/New_York' as "TimeZoneSidKey", min(created_at) as "CreatedDate", min(created_at) as "SystemModstamp" from user_fact;

create or replace table "UserRole" as
    select id as "Id", name as "Name", replace(name, ' ', '_') as "DeveloperName", null::varchar as "ParentRoleId", at_time as "LastModifiedDate", at_time as "SystemModstamp"
    from role_fact cross join (select min(created_at) as at_time from user_fact);

create or replace table "User" as
    select id as "Id", email || '.crm' as "Username", first_name as "FirstName", last_name as "LastName", first_name || ' ' || last_name as "Name", email as "Email",
        job_title as "Title", department as "Department", seen(left_at, interval 0 second) is null as "IsActive", role_id as "UserRoleId", null::varchar as "ManagerId",
        currency as "CurrencyIsoCode", entity_name as "Selling_Entity__c", created_at as "CreatedDate",
        greatest(created_at, seen(left_at, interval 0 second)) as "LastModifiedDate", greatest(created_at, seen(left_at, interval 0 second)) as "SystemModstamp"
    from user_fact where created_at <= getvariable('horizon') order by id;

create or replace table "Account" as
    with won as (
        select account_id, min(closed_at) as won_at from opportunity_fact where outcome = 'won' and shown(closed_at, late) group by account_id
    ),
    known as (
        select a.*, s.currency, s.name as entity_name, w.won_at, seen(merged_at, late) as gone_at, greatest(created_at, w.won_at, seen(merged_at, late)) as changed_at
        from account_fact a join selling s using (entity_id) left join won w on w.account_id = a.id
        where shown(created_at, late)
    )
    select id as "Id", gone_at is not null as "IsDeleted", case when gone_at is not null then master_id end as "MasterRecordId", name as "Name",
        case when won_at is null then 'Prospect' else 'Customer' end as "Type", null::varchar as "ParentId", street as "BillingStreet", city as "BillingCity",
        postal_code as "BillingPostalCode", country as "BillingCountry", phone as "Phone", 'https://www.' || domain as "Website", industry as "Industry",
        null::decimal(20, 4) as "AnnualRevenue", employee_count::bigint as "NumberOfEmployees", currency as "CurrencyIsoCode", owner_id as "OwnerId",
        entity_name as "Selling_Entity__c", created_at as "CreatedDate", owner_id as "CreatedById", changed_at as "LastModifiedDate", changed_at as "SystemModstamp"
    from known where in_bin(gone_at) order by id;

create or replace table "Contact" as
    select c.id as "Id", false as "IsDeleted", null::varchar as "MasterRecordId", c.account_id as "AccountId", first_name as "FirstName", last_name as "LastName",
        first_name || ' ' || last_name as "Name", email as "Email", phone as "Phone", job_title as "Title", word_of(known_channel) as "LeadSource", s.currency as "CurrencyIsoCode",
        coalesce(owner_id, sf_id('005', 1)) as "OwnerId", s.name as "Selling_Entity__c", created_at as "CreatedDate", coalesce(owner_id, sf_id('005', 1)) as "CreatedById",
        created_at as "LastModifiedDate", created_at as "SystemModstamp"
    from contact_fact c join selling s using (entity_id) where shown(created_at, late) order by c.id;

create or replace table "Lead" as
    with converted as (
        select l.*, s.currency, s.name as entity_name, seen(l.converted_at, l.late) as done_at, c.id as contact, c.account_id as account, o.id as deal,
            seen(mql_at, l.late) as mql, seen(sql_at, l.late) as accepted, seen(disqualified_at, l.late) as dropped
        from lead_fact l join selling s using (entity_id)
        left join contact_fact c using (person_id)
        left join opportunity_fact o on o.primary_person_id = l.person_id and o.from_lead
        where shown(l.created_at, l.late)
    ),
    known as (select *, greatest(created_at, done_at, mql, accepted, dropped) as changed_at from converted)
    select id as "Id", false as "IsDeleted", null::varchar as "MasterRecordId", first_name as "FirstName", last_name as "LastName", first_name || ' ' || last_name as "Name",
        email as "Email", phone as "Phone", job_title as "Title", company as "Company", country as "Country",
        case when done_at is not null then 'Closed - Converted' when dropped is not null then 'Closed - Not Converted' when mql is not null then 'Working - Contacted'
             else 'Open - Not Contacted' end as "Status",
        word_of(known_channel) as "LeadSource", done_at is not null as "IsConverted", done_at::date as "ConvertedDate",
        case when done_at is not null then account end as "ConvertedAccountId", case when done_at is not null then contact end as "ConvertedContactId",
        case when done_at is not null then deal end as "ConvertedOpportunityId", currency as "CurrencyIsoCode", owner_id as "OwnerId", entity_name as "Selling_Entity__c",
        mql as "MQL_Date__c", accepted as "SQL_Date__c", created_at as "CreatedDate", owner_id as "CreatedById", changed_at as "LastModifiedDate", changed_at as "SystemModstamp"
    from known order by id;

create or replace table "LeadHistory" as
    select id as "Id", false as "IsDeleted", lead as "LeadId", owner_id as "CreatedById", created_at as "CreatedDate", field as "Field", data_type as "DataType",
        old_value as "OldValue", new_value as "NewValue"
    from lead_change_fact where shown(created_at, late) order by id;

create or replace table deal_now as
    with stage as (
        select opportunity, arg_max(label, entered_at) as label, arg_max(probability, entered_at) as probability, arg_max(forecast, entered_at) as forecast,
            arg_max(category, entered_at) as category, max(entered_at) as moved_at
        from stage_fact where shown(entered_at, late) group by opportunity
    )
    select o.*, e.name as entity_name, seen(closed_at, late) as ended_at, seen(deleted_at, late) as gone_at, coalesce(s.label, 'Qualification') as label, coalesce(s.probability, 20) as probability,
        coalesce(s.forecast, 'Pipeline') as forecast, coalesce(s.category, 'Pipeline') as category,
        coalesce(seen(closed_at, late)::date, expected_close_date) as close_date,
        greatest(created_at, s.moved_at, seen(closed_at, late), seen(updated_at, late), seen(deleted_at, late)) as changed_at
    from opportunity_fact o join selling e using (entity_id) left join stage s on s.opportunity = o.id
    where shown(created_at, late) and in_bin(seen(deleted_at, late));

create or replace table "Opportunity" as
    select id as "Id", gone_at is not null as "IsDeleted", account_id as "AccountId", name as "Name", label as "StageName", amount as "Amount", probability as "Probability",
        (amount * probability / 100)::decimal(20, 4) as "ExpectedRevenue", close_date as "CloseDate",
        case kind when 'new' then 'New Business' when 'renewal' then 'Existing Business - Renewal' else 'Existing Business - Expansion' end as "Type",
        word_of(known_channel) as "LeadSource", campaign as "CampaignId", ended_at is not null as "IsClosed", ended_at is not null and outcome = 'won' as "IsWon",
        forecast as "ForecastCategory", category as "ForecastCategoryName", quarter(close_date)::bigint as "FiscalQuarter", year(close_date)::bigint as "FiscalYear",
        contact_id as "ContactId", case when has_lines then sf_id('01s', 1) end as "Pricebook2Id", has_lines as "HasOpportunityLineItem", currency as "CurrencyIsoCode",
        owner_id as "OwnerId", entity_name as "Selling_Entity__c", created_at as "CreatedDate", owner_id as "CreatedById", changed_at as "LastModifiedDate", changed_at as "SystemModstamp"
    from deal_now order by id;

create or replace table "OpportunityHistory" as
    select f.id as "Id", d.gone_at is not null as "IsDeleted", opportunity as "OpportunityId", f.owner_id as "CreatedById", entered_at as "CreatedDate", f.label as "StageName", f.amount as "Amount",
        (f.amount * f.probability / 100)::decimal(20, 4) as "ExpectedRevenue", case when is_closing then entered_at::date else f.expected_close_date end as "CloseDate",
        f.probability as "Probability", f.forecast as "ForecastCategory", case when former_label is not null then f.amount end as "PrevAmount",
        case when former_label is not null then f.expected_close_date end as "PrevCloseDate", f.currency as "CurrencyIsoCode", greatest(entered_at, d.gone_at) as "SystemModstamp"
    from stage_fact f join deal_now d on d.id = f.opportunity where shown(entered_at, f.late) order by f.id;

create or replace table "OpportunityFieldHistory" as
    select f.id as "Id", d.gone_at is not null as "IsDeleted", opportunity as "OpportunityId", f.owner_id as "CreatedById", f.created_at as "CreatedDate", field as "Field",
        data_type as "DataType", old_value as "OldValue", new_value as "NewValue"
    from deal_change_fact f join deal_now d on d.id = f.opportunity where shown(f.created_at, f.late) order by f.id;

create or replace table "OpportunityContactRole" as
    select f.id as "Id", d.gone_at is not null as "IsDeleted", opportunity as "OpportunityId", contact as "ContactId", role as "Role", is_primary as "IsPrimary",
        f.currency as "CurrencyIsoCode", f.created_at as "CreatedDate", f.owner_id as "CreatedById", greatest(f.created_at, d.gone_at) as "LastModifiedDate",
        greatest(f.created_at, d.gone_at) as "SystemModstamp"
    from role_of_contact_fact f join deal_now d on d.id = f.opportunity where shown(f.created_at, f.late) order by f.id;

create or replace table "OpportunityLineItem" as
    select f.id as "Id", d.gone_at is not null as "IsDeleted", opportunity as "OpportunityId", price_entry as "PricebookEntryId", product as "Product2Id", sku as "ProductCode",
        d.name || ' ' || f.name as "Name", quantity as "Quantity", unit_price as "UnitPrice", unit_price as "ListPrice", discount_pct as "Discount",
        (quantity * unit_price)::decimal(24, 4) as "Subtotal", f.amount as "TotalPrice", service_date as "ServiceDate", null::varchar as "Description", term_months as "Term_Months__c",
        f.currency as "CurrencyIsoCode", f.created_at as "CreatedDate", f.owner_id as "CreatedById", greatest(f.created_at, d.gone_at) as "LastModifiedDate",
        greatest(f.created_at, d.gone_at) as "SystemModstamp"
    from line_fact f join deal_now d on d.id = f.opportunity order by f.id;

create or replace table "OpportunityStage" as
    select sf_id('01J', place) as "Id", label as "MasterLabel", label as "ApiName", true as "IsActive", place::bigint as "SortOrder", stage like 'closed%' as "IsClosed",
        stage = 'closedwon' as "IsWon", category as "ForecastCategoryName", probability as "DefaultProbability", at_time as "CreatedDate", at_time as "LastModifiedDate", at_time as "SystemModstamp"
    from stage_word cross join (select min(created_at) as at_time from user_fact);

create or replace table "Campaign" as
    with spent as (select campaign_id, sum(amount) as amount, max(recorded_at) as at_time from spend_fact where recorded_at <= getvariable('horizon') group by campaign_id),
    mailed as (select campaign_id, sum(sent) as sent, max(published_at) as at_time from email_fact where published_at <= getvariable('horizon') group by campaign_id),
    won as (
        select campaign, sum(amount) as amount, sum(amount) filter (ended_at is not null and outcome = 'won') as won, count(*) as deals from deal_now where gone_at is null group by campaign
    ),
    leads as (select known_campaign_id as campaign_id, count(*) as leads from lead_fact where shown(created_at, late) group by known_campaign_id),
    known as (
        select c.*, s.name as entity_name, spent.amount as spent, mailed.sent, seen(renamed_at, late) as named_at, seen(start_date::timestamp, late) as began_at,
            seen(end_date::timestamp + interval 1 day, late) as ended_at,
            greatest(created_at, seen(renamed_at, late), seen(start_date::timestamp, late), seen(end_date::timestamp + interval 1 day, late), spent.at_time, mailed.at_time) as changed_at
        from campaign_fact c join selling s using (entity_id) left join spent using (campaign_id) left join mailed using (campaign_id)
        where shown(created_at, late)
    )
    select id as "Id", false as "IsDeleted", case when named_at is not null then coalesce(renamed_to, name) else name end as "Name", null::varchar as "ParentId",
        word_of(channel) as "Type", case when ended_at is not null then 'Completed' when began_at is not null then 'In Progress' else 'Planned' end as "Status",
        start_date as "StartDate", end_date as "EndDate", budget_amount as "BudgetedCost", spent as "ActualCost", null::decimal(20, 4) as "ExpectedRevenue",
        coalesce(won.amount, 0)::decimal(20, 4) as "AmountAllOpportunities", coalesce(won.won, 0)::decimal(20, 4) as "AmountWonOpportunities", sent::bigint as "NumberSent",
        coalesce(leads, 0)::bigint as "NumberOfLeads", began_at is not null and ended_at is null as "IsActive", currency as "CurrencyIsoCode", owner_id as "OwnerId",
        entity_name as "Selling_Entity__c", utm_campaign as "UTM_Campaign__c", created_at as "CreatedDate", owner_id as "CreatedById", changed_at as "LastModifiedDate",
        changed_at as "SystemModstamp"
    from known left join won on won.campaign = known.id left join leads using (campaign_id) order by id;

create or replace table "CampaignMember" as
    with member as (
        select id, campaign_id, person_id, min(occurred_at) as created_at, max(occurred_at) as touched_at, arg_max(touch_type, (weight, occurred_at)) as best,
            min(occurred_at) filter (weight > 0) as responded_at
        from response_fact where shown(occurred_at, late) group by id, campaign_id, person_id
    )
    select m.id as "Id", false as "IsDeleted", k.id as "CampaignId", l.id as "LeadId", case when c.created_at is not null and shown(c.created_at, c.late) then c.id end as "ContactId",
        case best when 'form_submission' then 'Submitted Form' when 'webinar_attended' then 'Attended' when 'event_attended' then 'Attended' when 'visit' then 'Visited' else 'Clicked' end as "Status",
        responded_at is not null as "HasResponded", responded_at::date as "FirstRespondedDate", case when l.id is not null then 'Lead' else 'Contact' end as "Type",
        k.currency as "CurrencyIsoCode", m.created_at as "CreatedDate", sf_id('005', 1) as "CreatedById",
        greatest(m.touched_at, seen(c.created_at, c.late)) as "LastModifiedDate", greatest(m.touched_at, seen(c.created_at, c.late)) as "SystemModstamp"
    from member m join campaign_fact k using (campaign_id) left join lead_fact l using (person_id) left join contact_fact c using (person_id) order by m.id;

create or replace table talk_now as
    select t.*, case when t.contact_at <= t.occurred_at then t.contact_id else coalesce(t.lead_id, t.contact_id) end as who, t.occurred_at < getvariable('horizon') - interval 365 day as is_archived
    from talk_fact t where shown(occurred_at, late);

create or replace table "Task" as
    select sf_id('00T', number) as "Id", false as "IsDeleted", is_archived as "IsArchived", who as "WhoId", opportunity as "WhatId", account_id as "AccountId",
        'Call with ' || person as "Subject", occurred_at::date as "ActivityDate", 'Completed' as "Status", 'Call' as "Type", 'Call' as "TaskSubtype", 'Outbound' as "CallType",
        300 + draw(touch_id, 1500) as "CallDurationInSeconds", occurred_at as "CompletedDateTime", true as "IsClosed", currency as "CurrencyIsoCode", owner_id as "OwnerId",
        occurred_at as "CreatedDate", owner_id as "CreatedById", occurred_at as "LastModifiedDate", occurred_at as "SystemModstamp"
    from talk_now where touch_type = 'call' order by number;

create or replace table "Event" as
    select sf_id('00U', number) as "Id", false as "IsDeleted", is_archived as "IsArchived", who as "WhoId", opportunity as "WhatId", account_id as "AccountId",
        'Meeting with ' || person as "Subject", occurred_at::date as "ActivityDate", occurred_at as "StartDateTime", occurred_at + interval 45 minute as "EndDateTime",
        45::bigint as "DurationInMinutes", 'Meeting' as "Type", 'Event' as "EventSubtype", currency as "CurrencyIsoCode", owner_id as "OwnerId",
        occurred_at as "CreatedDate", owner_id as "CreatedById", occurred_at as "LastModifiedDate", occurred_at as "SystemModstamp"
    from talk_now where touch_type = 'meeting' order by number;

create or replace table "Product2" as
    select id as "Id", false as "IsDeleted", name as "Name", sku as "ProductCode", sku as "StockKeepingUnit", description as "Description", 'Software' as "Family", true as "IsActive",
        currency as "CurrencyIsoCode", created_at as "CreatedDate", sf_id('005', 1) as "CreatedById", created_at as "LastModifiedDate", created_at as "SystemModstamp"
    from product_fact where created_at <= getvariable('horizon') order by id;
create or replace table "Pricebook2" as
    select sf_id('01s', 1) as "Id", false as "IsDeleted", 'Standard Price Book' as "Name", true as "IsActive", true as "IsStandard", min(created_at) as "CreatedDate",
        min(created_at) as "LastModifiedDate", min(created_at) as "SystemModstamp" from product_fact;
create or replace table "PricebookEntry" as
    select f.id as "Id", false as "IsDeleted", p.name as "Name", sf_id('01s', 1) as "Pricebook2Id", p.id as "Product2Id",
        case when f.currency = p.currency then p.monthly_price end as "UnitPrice", true as "IsActive", p.sku as "ProductCode", f.currency as "CurrencyIsoCode",
        p.created_at as "CreatedDate", p.created_at as "LastModifiedDate", p.created_at as "SystemModstamp"
    from price_fact f join product_fact p using (product_id) order by f.id;

create or replace table "DatedConversionRate" as
    select id as "Id", currency as "IsoCode", start_date as "StartDate", case when shown(next_at, interval 0 second) then next_date else date '9999-12-31' end as "NextStartDate",
        rate as "ConversionRate", created_at as "CreatedDate", greatest(created_at, seen(next_at, interval 0 second)) as "LastModifiedDate",
        greatest(created_at, seen(next_at, interval 0 second)) as "SystemModstamp"
    from rate_fact where created_at <= getvariable('horizon') order by id;
create or replace table "CurrencyType" as
    select sf_id('01L', row_number() over (order by "IsoCode")) as "Id", "IsoCode", arg_max("ConversionRate", "StartDate") as "ConversionRate",
        case "IsoCode" when 'JPY' then 0 else 2 end::bigint as "DecimalPlaces", true as "IsActive", "IsoCode" = getvariable('corporate_currency') as "IsCorporate",
        min("CreatedDate") as "CreatedDate", max("CreatedDate") as "LastModifiedDate", max("CreatedDate") as "SystemModstamp"
    from "DatedConversionRate" group by "IsoCode";
