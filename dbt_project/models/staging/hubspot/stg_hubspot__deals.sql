with

source as (

    {{ completed_loads('hubspot', 'deals') }}

),

renamed as (

    select
        connection_id,
        id as deal_id,
        dealname as deal_name,
        cast(amount as decimal(20, 4)) as amount_txn,
        cast(amount_in_home_currency as decimal(20, 4)) as amount_func,
        deal_currency_code as currency_txn,
        createdate as created_at,
        closedate as closed_at,
        pipeline as pipeline_id,
        dealstage as stage_id,
        dealtype as deal_type,
        hubspot_owner_id as owner_id,
        hs_lastmodifieddate as updated_at,
        coalesce(hs_is_closed, false) as is_closed,
        coalesce(hs_is_closed_won, false) as is_won,
        archived as is_archived
    from source

)

select * from renamed
