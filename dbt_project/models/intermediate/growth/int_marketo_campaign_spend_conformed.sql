with

costs as (

    select * from {{ ref('stg_marketo__program_costs') }}

),

programs as (

    select * from {{ ref('stg_marketo__programs') }}

),

-- A period has any number of costs, which only their order tells apart.
final as (

    select
        costs.connection_id,
        costs.program_id as campaign_id,
        programs.program_name as campaign_name,
        programs.workspace_name as org_unit_ref,
        costs.start_date as spend_date,
        cast(null as varchar) as currency_txn,
        {{ money('sum(costs.cost_amount)') }} as amount_txn,
        cast(null as bigint) as impressions,
        cast(null as bigint) as clicks,
        cast(null as bigint) as conversions
    from costs
    inner join programs on costs.connection_id = programs.connection_id and costs.program_id = programs.program_id
    group by costs.connection_id, costs.program_id, programs.program_name, programs.workspace_name, costs.start_date

)

select * from final
