with

deals as (

    select * from {{ ref('stg_hubspot__deals') }}
    where not is_archived

),

merged as (

    select * from {{ ref('stg_hubspot__merges') }}
    where object_type = 'deals'

),

pipelines as (

    select * from {{ ref('stg_hubspot__pipelines') }}

),

stages as (

    select * from {{ ref('stg_hubspot__pipeline_stages') }}

),

buyers as (

    select
        connection_id,
        from_id as deal_id,
        min(case when to_type = 'companies' then to_id end) as company_id,
        min(case when to_type = 'contacts' then to_id end) as person_id
    from {{ ref('int_hubspot_ties_settled') }}
    where from_type = 'deals'
    group by connection_id, from_id

),

final as (

    select
        deals.connection_id,
        deals.deal_id,
        cast(null as varchar) as org_unit_ref,
        deals.deal_name,
        buyers.company_id,
        buyers.person_id,
        deals.owner_id,
        -- HubSpot knows new and existing business: an expansion is not told from a renewal.
        case deals.deal_type when 'newbusiness' then 'new' when 'existingbusiness' then 'renewal' end as deal_type,
        pipelines.pipeline_name,
        coalesce(stages.stage_name, deals.stage_id) as stage_name,
        case when deals.is_won then 'won' when deals.is_closed then 'lost' else 'open' end as status,
        case when deals.is_won then 1 when deals.is_closed then 0 else stages.probability end as probability,
        deals.amount_txn,
        deals.currency_txn,
        deals.amount_func,
        deals.created_at,
        cast(case when not deals.is_closed then deals.closed_at end as date) as expected_close_date,
        case when deals.is_closed then deals.closed_at end as closed_at,
        deals.updated_at
    from deals
    left join merged on deals.connection_id = merged.connection_id and deals.deal_id = merged.loser_id
    left join pipelines on deals.connection_id = pipelines.connection_id and deals.pipeline_id = pipelines.pipeline_id
    left join stages
        on
            deals.connection_id = stages.connection_id
            and deals.pipeline_id = stages.pipeline_id
            and deals.stage_id = stages.stage_id
    left join buyers on deals.connection_id = buyers.connection_id and deals.deal_id = buyers.deal_id
    where merged.loser_id is null

)

select * from final
