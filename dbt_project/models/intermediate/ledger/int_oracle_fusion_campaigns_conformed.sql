with

campaigns as (

    select * from {{ ref('int_oracle_fusion_segment_values_named') }}
    where segment_role = 'campaign' and ltrim(segment_value, '0') <> ''

),

final as (

    select
        connection_id,
        segment_value as campaign_ref,
        coalesce(segment_value_name, segment_value) as campaign_name
    from campaigns

)

select * from final
