with

source as (

    {{ completed_loads('pipedrive', 'deals') }}

),

stages as (

    {{ completed_loads('pipedrive', 'stages') }}

),

renamed as (

    select
        source.connection_id,
        cast(source.id as varchar) as deal_id,
        source.title as deal_name,
        cast(source.owner_id as varchar) as owner_id,
        cast(source.person_id as varchar) as person_id,
        cast(source.org_id as varchar) as organization_id,
        cast(source.pipeline_id as varchar) as pipeline_id,
        cast(source.stage_id as varchar) as stage_id,
        source.status,
        {{ money('source.value') }} as amount_txn,
        source.currency as currency_txn,
        -- A closed deal is certain, whatever its stage says.
        case source.status
            when 'won' then cast(1 as decimal(9, 6))
            when 'lost' then cast(0 as decimal(9, 6))
            else cast(coalesce(source.probability, stages.deal_probability) / 100 as decimal(9, 6))
        end as probability,
        -- What somebody has named new, expansion or renewal, in the words that people use for them.
        case
            when lower(trim(source.deal_type)) in ('new', 'new business', 'newbusiness', 'new deal', 'new logo') then 'new'
            when lower(trim(source.deal_type)) in ('expansion', 'upsell', 'cross-sell', 'upgrade', 'add-on') then 'expansion'
            when lower(trim(source.deal_type)) in ('renewal', 'renew') then 'renewal'
        end as deal_type,
        source.deal_type as deal_type_native,
        source.is_archived,
        source.add_time as created_at,
        source.stage_change_time as stage_changed_at,
        source.expected_close_date,
        case when source.status in ('won', 'lost') then coalesce(source.close_time, source.won_time, source.lost_time) end as closed_at,
        source.update_time as updated_at
    from source
    left join stages on source.connection_id = stages.connection_id and source.stage_id = stages.id

)

select * from renamed
