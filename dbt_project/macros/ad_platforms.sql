{# The raw tables of the ad platforms have one shape (dlt_sources/ad_platforms/records.py), and so have their staging and conformed models. #}

{% macro staged_ad_accounts(system) -%}
with

source as (

    {{ completed_loads(system, 'accounts') }}

),

renamed as (

    select
        connection_id,
        account_id,
        account_name,
        currency as currency_code,
        time_zone
    from source

)

select * from renamed
{%- endmacro %}

{% macro staged_ad_campaigns(system) -%}
with

source as (

    {{ completed_loads(system, 'campaigns') }}

),

renamed as (

    select
        connection_id,
        account_id,
        campaign_id,
        campaign_name,
        status as campaign_status,
        channel as channel_native,
        start_date,
        end_date,
        currency as currency_txn,
        {{ money('budget') }} as budget_txn,
        {{ utm_of('url_tags', 'campaign') }} as campaign_utm
    from source

)

select * from renamed
{%- endmacro %}

{% macro staged_ad_groups(system) -%}
with

source as (

    {{ completed_loads(system, 'ad_groups') }}

),

renamed as (

    select
        connection_id,
        account_id,
        campaign_id,
        ad_group_id,
        ad_group_name,
        status as ad_group_status
    from source

)

select * from renamed
{%- endmacro %}

{% macro staged_ad_spend(system) -%}
with

source as (

    {{ completed_loads(system, 'spend') }}

),

renamed as (

    select
        connection_id,
        platform,
        account_id,
        campaign_id,
        ad_group_id,
        spend_date,
        currency as currency_txn,
        impressions,
        clicks,
        {{ money('spend') }} as amount_txn,
        cast(conversions as decimal(20, 4)) as conversions,
        {{ money('conversion_value') }} as conversion_value_txn
    from source

)

select * from renamed
{%- endmacro %}

{# What campaigns cost by day: the ad groups' sum. An account bears the name of the legal entity that pays. #}
{% macro conformed_ad_spend(system) -%}
with

spend as (

    select * from {{ ref('stg_' ~ system ~ '__spend') }}

),

campaigns as (

    select * from {{ ref('stg_' ~ system ~ '__campaigns') }}

),

accounts as (

    select * from {{ ref('stg_' ~ system ~ '__accounts') }}

),

days as (

    select
        connection_id,
        account_id,
        campaign_id,
        spend_date,
        currency_txn,
        {{ money('sum(amount_txn)') }} as amount_txn,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast(sum(conversions) as decimal(20, 4)) as conversions
    from spend
    group by connection_id, account_id, campaign_id, spend_date, currency_txn

),

final as (

    select
        days.connection_id,
        days.campaign_id,
        campaigns.campaign_name,
        accounts.account_name as org_unit_ref,
        days.spend_date,
        days.currency_txn,
        days.amount_txn,
        days.impressions,
        days.clicks,
        days.conversions
    from days
    left join campaigns
        on
            days.connection_id = campaigns.connection_id
            and days.account_id = campaigns.account_id
            and days.campaign_id = campaigns.campaign_id
    left join accounts on days.connection_id = accounts.connection_id and days.account_id = accounts.account_id

)

select * from final
{%- endmacro %}

{# Campaigns with the names of who pays. `channel` is SQL of what the platform says of the channel; `tags` names a relation with the UTM of
   campaigns where not the campaign itself, but its ads have one. #}
{% macro conformed_ad_campaigns(system, channel, tags=none) -%}
with

campaigns as (

    select * from {{ ref('stg_' ~ system ~ '__campaigns') }}

),

accounts as (

    select * from {{ ref('stg_' ~ system ~ '__accounts') }}

),
{% if tags %}
tagged as (

    select
        connection_id,
        account_id,
        campaign_id,
        mode(campaign_utm) as campaign_utm
    from {{ tags }}
    where campaign_utm is not null
    group by connection_id, account_id, campaign_id

),
{% endif %}
final as (

    select
        campaigns.connection_id,
        campaigns.campaign_id,
        accounts.account_name as org_unit_ref,
        campaigns.campaign_name,
        {{ 'coalesce(campaigns.campaign_utm, tagged.campaign_utm)' if tags else 'campaigns.campaign_utm' }} as campaign_utm,
        cast({{ channel }} as varchar) as channel_native,
        campaigns.start_date,
        campaigns.end_date,
        campaigns.currency_txn,
        campaigns.budget_txn
    from campaigns
    left join accounts on campaigns.connection_id = accounts.connection_id and campaigns.account_id = accounts.account_id
    {%- if tags %}
    left join tagged
        on
            campaigns.connection_id = tagged.connection_id
            and campaigns.account_id = tagged.account_id
            and campaigns.campaign_id = tagged.campaign_id
    {%- endif %}

)

select * from final
{%- endmacro %}
