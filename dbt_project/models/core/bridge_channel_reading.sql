-- What touches of no campaign are, that look like one channel: as often as leads whose source is known turned out to be it. One lead that
-- is what it looks like is taken for granted, so that few say little.
with

touches as (

    select * from {{ ref('fct_touchpoint') }}
    where channel_basis = 'lead_source'

),

counted as (

    select
        seen_channel_id,
        channel_id,
        count(*) as leads
    from touches
    group by seen_channel_id, channel_id

),

granted as (

    select * from counted
    union all
    select distinct
        seen_channel_id,
        seen_channel_id as channel_id,
        1 as leads
    from counted

),

final as (

    select
        seen_channel_id,
        channel_id,
        sum(leads) as leads,
        sum(leads) / sum(sum(leads)) over (partition by seen_channel_id) as share
    from granted
    group by seen_channel_id, channel_id

)

select * from final
