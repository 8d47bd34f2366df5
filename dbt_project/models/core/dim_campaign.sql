with

campaigns as (

    select * from {{ ref('stg_hubspot__campaigns') }}

),

totals as (

    select * from {{ ref('stg_hubspot__campaign_totals') }}

),

connections as (

    select * from {{ ref('stg_hub__connections') }}

),

rules as (

    select * from {{ ref('channel_rules') }}

),

submissions as (

    select
        connection_id,
        utm_campaign,
        utm_medium
    from {{ ref('stg_hubspot__form_submissions') }}
    where utm_campaign is not null and utm_medium is not null

),

-- The channel that a campaign's own touches name, else what its tag says.
tagged as (

    select
        submissions.connection_id,
        submissions.utm_campaign as campaign_utm,
        mode(rules.channel_id) as channel_id
    from submissions
    inner join rules on rules.match_field = 'utm_medium' and submissions.utm_medium like rules.pattern
    group by submissions.connection_id, submissions.utm_campaign

),

named as (

    select
        campaigns.connection_id,
        campaigns.campaign_id,
        rules.channel_id
    from campaigns
    inner join rules on rules.match_field = 'campaign_utm' and campaigns.campaign_utm like rules.pattern
    qualify row_number() over (partition by campaigns.connection_id, campaigns.campaign_id order by rules.rule_order) = 1

),

in_crm as (

    select
        connections.entity_id,
        campaigns.connection_id,
        campaigns.campaign_id,
        campaigns.campaign_name,
        campaigns.campaign_utm,
        coalesce(tagged.channel_id, named.channel_id, 'other') as channel_id,
        campaigns.start_date,
        campaigns.end_date,
        campaigns.currency,
        totals.budget_amount
    from campaigns
    inner join connections on campaigns.connection_id = connections.connection_id
    left join totals on campaigns.connection_id = totals.connection_id and campaigns.campaign_id = totals.campaign_id
    left join tagged on campaigns.connection_id = tagged.connection_id and campaigns.campaign_utm = tagged.campaign_utm
    left join named on campaigns.connection_id = named.connection_id and campaigns.campaign_id = named.campaign_id

),

entities as (

    select * from {{ ref('dim_entity') }}

),

in_books as (

    select * from {{ ref('int_ledger_campaigns_stacked') }}

),

options as (

    select
        entities.entity_id,
        in_books.connection_id,
        in_books.campaign_ref,
        in_books.campaign_name
    from in_books
    inner join entities on in_books.connection_id = entities.connection_id

),

-- A campaign of the books is the one of the same name in the CRM; one that the CRM does not know is a campaign of its own. Systems of
-- books count their own from one: the connection keeps them apart.
final as (

    select
        coalesce(in_crm.entity_id, options.entity_id) as entity_id,
        -- What the books call a campaign is unique in one connection only.
        coalesce(in_crm.campaign_id, options.connection_id || '|' || options.campaign_ref) as campaign_id,
        coalesce(in_crm.campaign_name, options.campaign_name) as campaign_name,
        in_crm.campaign_utm,
        coalesce(in_crm.channel_id, 'other') as channel_id,
        in_crm.start_date,
        in_crm.end_date,
        in_crm.currency,
        in_crm.budget_amount,
        in_crm.connection_id as crm_connection_id,
        options.connection_id as erp_connection_id,
        options.campaign_ref as erp_campaign_ref
    from in_crm
    full join options
        on in_crm.entity_id = options.entity_id and lower(trim(in_crm.campaign_name)) = lower(trim(options.campaign_name))

)

select * from final
