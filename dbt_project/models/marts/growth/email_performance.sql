with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

emails as (

    select * from {{ ref('fct_email') }}

),

campaigns as (

    select * from {{ ref('dim_campaign') }}

),

-- From an e-mail to the next one of its campaign, whatever sent it; what comes before the first is the first one's.
spans as (

    select
        email_key,
        entity_id,
        campaign_id,
        case
            when row_number() over (partition by entity_id, campaign_id order by sent_at, email_key) > 1 then sent_at
        end as from_at,
        lead(sent_at) over (partition by entity_id, campaign_id order by sent_at, email_key) as until_at
    from emails
    where campaign_id is not null

),

-- A touch does not name its e-mail: it is that of the latest one of its campaign. A click is an e-mail's own in every campaign, other
-- touches in campaigns that are made of e-mails.
touches as (

    select
        spans.email_key,
        touches.touch_id
    from {{ ref('fct_touchpoint') }} as touches
    inner join spans
        on
            touches.entity_id = spans.entity_id
            and touches.campaign_id = spans.campaign_id
            and touches.occurred_at >= coalesce(spans.from_at, touches.occurred_at)
            and (spans.until_at is null or touches.occurred_at < spans.until_at)
    where touches.touch_type = 'email_click' or touches.channel_id = 'email'

),

leads as (

    select
        touches.email_key,
        count(*) as lead_count
    from touches
    inner join {{ ref('fct_lead') }} as leads on touches.touch_id = leads.touch_id
    group by touches.email_key

),

-- A sum of which a part has no rate is unknown.
credits as (

    select
        touches.email_key,
        {{ whole_sum('credits.credit_amount_rpt') }} as credit,
        sum(credits.weight) as weight
    from touches
    inner join {{ ref('fct_attribution') }} as credits on touches.touch_id = credits.touch_id
    where credits.attribution_model = 'linear'
    group by touches.email_key

),

measured as (

    select
        emails.*,
        campaigns.campaign_name,
        emails.bounced_count + emails.unsubscribed_count as lost_count,
        leads.lead_count,
        credits.credit,
        credits.weight,
        credits.email_key is not null as is_credited,
        parameters.reporting_currency
    from emails
    cross join parameters
    left join campaigns on emails.entity_id = campaigns.entity_id and emails.campaign_id = campaigns.campaign_id
    left join leads on emails.email_key = leads.email_key
    left join credits on emails.email_key = credits.email_key

),

-- The list as it was in the 90 days up to the e-mail, over all e-mails of a company's system.
worn as (

    select
        *,
        sum(sent_count) over last_days as sent_90d,
        sum(lost_count) over last_days as lost_90d,
        sum(delivered_count) over last_days as delivered_90d,
        sum(opened_count) over last_days as opened_90d
    from measured
    window
        last_days as (
            partition by entity_id, source_system order by sent_at range between interval 90 day preceding and current row
        )

),

final as (

    select
        entity_id,
        source_system,
        connection_id,
        email_id,
        email_name,
        subject,
        campaign_id,
        campaign_name,
        sent_at,
        sent_month,
        sent_count as sent,
        delivered_count as delivered,
        opened_count as opened,
        clicked_count as clicked,
        bounced_count as bounced,
        unsubscribed_count as unsubscribed,
        {{ share_pct('delivered_count', 'sent_count') }} as delivery_rate_pct,
        {{ share_pct('opened_count', 'delivered_count') }} as open_rate_pct,
        {{ share_pct('clicked_count', 'delivered_count') }} as click_rate_pct,
        {{ share_pct('clicked_count', 'opened_count') }} as click_to_open_rate_pct,
        {{ share_pct('bounced_count', 'sent_count') }} as bounce_rate_pct,
        {{ share_pct('unsubscribed_count', 'delivered_count') }} as unsubscribe_rate_pct,
        case
            when sent_count is null or delivered_count is null then 'no_counts'
            when sent_count = 0 then 'not_sent'
            when delivered_count = 0 then 'not_delivered'
            when opened_count is null or clicked_count is null then 'not_tracked'
            else 'ok'
        end as rate_status,
        cast(lost_count as bigint) as lost_readers,
        cast(lost_90d as bigint) as lost_readers_90d,
        cast(sent_90d as bigint) as sent_90d,
        {{ share_pct('lost_90d', 'sent_90d') }} as list_decay_90d_pct,
        cast(opened_90d as bigint) as opened_90d,
        cast(delivered_90d as bigint) as delivered_90d,
        {{ share_pct('opened_90d', 'delivered_90d') }} as open_rate_90d_pct,
        case
            when coalesce(sent_90d, 0) = 0 or lost_90d is null then 'no_counts'
            when lost_90d * 100.0 / sent_90d > {{ var('email_list_decay_limit_pct', 5) }} then 'decaying'
            else 'ok'
        end as decay_status,
        cast(case when campaign_id is not null then coalesce(lead_count, 0) end as bigint) as leads,
        cast(case when campaign_id is not null then coalesce(weight, 0) end as decimal(18, 6)) as new_customers,
        cast(
            case when campaign_id is null then null when is_credited then credit else 0 end as decimal(20, 4)
        ) as attributed_revenue,
        cast(
            case
                when delivered_count > 0 and campaign_id is not null and (not is_credited or credit is not null)
                    then coalesce(credit, 0) * 1000 / delivered_count
            end as decimal(20, 4)
        ) as revenue_per_thousand_delivered,
        'linear' as attribution_model,
        case
            when campaign_id is null then 'no_campaign'
            when is_credited and credit is null then 'missing_rate'
            when not is_credited then 'no_revenue'
            else 'ok'
        end as attribution_status,
        reporting_currency as currency_rpt
    from worn

)

select * from final
