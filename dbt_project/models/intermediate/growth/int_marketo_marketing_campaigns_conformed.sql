with

programs as (

    select * from {{ ref('stg_marketo__programs') }}

),

tags as (

    select
        connection_id,
        program_id,
        min(lower(tag_value)) as campaign_utm
    from {{ ref('stg_marketo__program_tags') }}
    where regexp_replace(lower(tag_type), '[^a-z]', '', 'g') = 'utmcampaign'
    group by connection_id, program_id

),

final as (

    select
        programs.connection_id,
        programs.program_id as campaign_id,
        programs.workspace_name as org_unit_ref,
        programs.program_name as campaign_name,
        tags.campaign_utm,
        programs.channel_name as channel_native,
        programs.start_date,
        programs.end_date,
        cast(null as varchar) as currency_txn,
        cast(null as decimal(20, 4)) as budget_txn
    from programs
    left join tags on programs.connection_id = tags.connection_id and programs.program_id = tags.program_id

)

select * from final
