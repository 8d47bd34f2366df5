with

mailings as (

    select * from {{ ref('int_mailchimp_mailings_tagged') }}

),

-- Named as its latest mailing, without the number that tells the mailings of a campaign apart.
final as (

    select
        connection_id,
        campaign_id,
        cast(null as varchar) as org_unit_ref,
        arg_max(regexp_replace(title, '\s+#\d+$', ''), coalesce(sent_at, created_at)) as campaign_name,
        max(campaign_utm) as campaign_utm,
        'email' as channel_native,
        cast(min(sent_at) as date) as start_date,
        cast(max(sent_at) as date) as end_date,
        cast(null as varchar) as currency_txn,
        cast(null as decimal(20, 4)) as budget_txn
    from mailings
    group by connection_id, campaign_id

)

select * from final
