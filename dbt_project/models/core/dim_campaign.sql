with

known as (

    select * from {{ ref('bridge_campaign') }}

),

campaigns as (

    select * from {{ ref('int_growth_marketing_campaigns_stacked') }}

),

in_books as (

    select * from {{ ref('int_ledger_campaigns_stacked') }}

),

org_units as (

    select distinct
        connection_id,
        entity_id
    from {{ ref('bridge_org_unit') }}

),

rules as (

    select * from {{ ref('channel_rules') }}

),

-- The channel that a campaign's own touches name, else what its system calls it, else what its tag says.
tagged as (

    select
        org_units.entity_id,
        lower(touches.campaign_utm) as campaign_utm,
        rules.channel_id
    from {{ ref('int_growth_touches_stacked') }} as touches
    inner join org_units on touches.connection_id = org_units.connection_id
    inner join rules on rules.match_field = 'utm_medium' and lower(touches.utm_medium) = rules.pattern
    where touches.campaign_utm is not null
    group by org_units.entity_id, lower(touches.campaign_utm), rules.channel_id
    qualify row_number() over (
        partition by org_units.entity_id, lower(touches.campaign_utm) order by count(*) desc, rules.channel_id
    ) = 1

),

native as (

    select
        pattern,
        channel_id
    from rules
    where match_field = 'channel_native'

),

named as (

    select
        campaigns.connection_id,
        campaigns.campaign_id,
        rules.channel_id
    from campaigns
    inner join rules on rules.match_field = 'campaign_utm' and lower(campaigns.campaign_utm) like rules.pattern
    qualify row_number() over (partition by campaigns.connection_id, campaigns.campaign_id order by rules.rule_order) = 1

),

described as (

    select
        known.entity_id,
        known.campaign_id,
        known.connection_id || '|' || known.campaign_ref = known.campaign_id as is_leader,
        campaigns.campaign_name,
        lower(nullif(trim(campaigns.campaign_utm), '')) as campaign_utm,
        coalesce(tagged.channel_id, native.channel_id, named.channel_id) as channel_id,
        case when tagged.channel_id is not null then 1 when native.channel_id is not null then 2 else 3 end as certainty,
        campaigns.start_date,
        campaigns.end_date,
        campaigns.currency_txn,
        campaigns.budget_txn,
        true as is_in_marketing,
        false as is_in_books
    from known
    inner join campaigns on known.connection_id = campaigns.connection_id and known.campaign_ref = campaigns.campaign_id
    left join tagged on known.entity_id = tagged.entity_id and lower(trim(campaigns.campaign_utm)) = tagged.campaign_utm
    left join native on lower(campaigns.channel_native) = native.pattern
    left join named on campaigns.connection_id = named.connection_id and campaigns.campaign_id = named.campaign_id
    where known.known_to = 'marketing'
    union all
    select
        known.entity_id,
        known.campaign_id,
        known.connection_id || '|' || known.campaign_ref = known.campaign_id as is_leader,
        in_books.campaign_name,
        cast(null as varchar) as campaign_utm,
        cast(null as varchar) as channel_id,
        9 as certainty,
        cast(null as date) as start_date,
        cast(null as date) as end_date,
        cast(null as varchar) as currency_txn,
        cast(null as decimal(20, 4)) as budget_txn,
        false as is_in_marketing,
        true as is_in_books
    from known
    inner join in_books on known.connection_id = in_books.connection_id and known.campaign_ref = in_books.campaign_ref
    where known.known_to = 'books'

),

final as (

    select
        entity_id,
        campaign_id,
        first(campaign_name order by case when is_leader then 0 else 1 end, campaign_name) as campaign_name,
        coalesce(max(case when is_leader then campaign_utm end), min(campaign_utm)) as campaign_utm,
        coalesce(first(channel_id order by certainty, channel_id) filter (where channel_id is not null), 'other') as channel_id,
        coalesce(max(case when is_leader then start_date end), min(start_date)) as start_date,
        coalesce(max(case when is_leader then end_date end), max(end_date)) as end_date,
        first(currency_txn order by case when is_leader then 0 else 1 end, currency_txn, budget_txn) filter (where budget_txn is not null)
            as currency,
        first(budget_txn order by case when is_leader then 0 else 1 end, currency_txn, budget_txn) filter (where budget_txn is not null)
            as budget_amount,
        bool_or(is_in_marketing) as is_in_marketing,
        bool_or(is_in_books) as is_in_books
    from described
    group by entity_id, campaign_id

)

select * from final
