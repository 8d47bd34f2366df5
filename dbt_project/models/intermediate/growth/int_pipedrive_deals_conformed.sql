with

deals as (

    select * from {{ ref('stg_pipedrive__deals') }}

),

pipelines as (

    select * from {{ ref('stg_pipedrive__pipelines') }}

),

stages as (

    select * from {{ ref('stg_pipedrive__stages') }}

),

final as (

    select
        deals.connection_id,
        deals.deal_id,
        cast(null as varchar) as org_unit_ref,
        deals.deal_name,
        deals.organization_id as company_id,
        deals.person_id,
        deals.owner_id,
        deals.deal_type,
        pipelines.pipeline_name,
        coalesce(stages.stage_name, deals.stage_id) as stage_name,
        deals.status,
        deals.probability,
        deals.amount_txn,
        deals.currency_txn,
        cast(null as decimal(20, 4)) as amount_func,
        deals.created_at,
        deals.expected_close_date,
        deals.closed_at,
        deals.updated_at
    from deals
    left join pipelines on deals.connection_id = pipelines.connection_id and deals.pipeline_id = pipelines.pipeline_id
    left join stages on deals.connection_id = stages.connection_id and deals.stage_id = stages.stage_id

)

select * from final
