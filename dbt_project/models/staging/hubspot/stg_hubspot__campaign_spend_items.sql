with

parts as (

    {{ completed_loads('hubspot', 'campaign_spend_items') }}

),

documents as (

    {{ completed_loads('hubspot', 'campaign_totals') }}

),

-- A document and its parts travel in one load: what is older than the document is no longer part of it.
current_parts as (

    select parts.*
    from parts
    inner join documents
        on
            parts.connection_id = documents.connection_id
            and parts.campaign_id = documents.campaign_id
            and parts._dlt_load_id = documents._dlt_load_id

),

renamed as (

    select
        connection_id,
        campaign_id,
        id as spend_item_id,
        name as item_name,
        cast(amount as decimal(20, 4)) as spend_amount,
        created_at,
        updated_at
    from current_parts

)

select * from renamed
