with

mailings as (

    select * from {{ ref('stg_mailchimp__campaigns') }}

),

-- What Mailchimp calls a campaign is one mailing. Those whose links carry one tag are a campaign; without a tag each stands for itself.
final as (

    select
        connection_id,
        mailing_id,
        coalesce(campaign_utm, mailing_id) as campaign_id,
        campaign_utm,
        title,
        subject,
        created_at,
        sent_at,
        sent_count,
        mailing_status in ('sending', 'sent') as is_sent
    from mailings

)

select * from final
