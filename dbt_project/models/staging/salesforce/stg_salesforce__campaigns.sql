with

source as (

    {{ completed_loads('salesforce', 'campaigns') }}

),

renamed as (

    select
        connection_id,
        id as campaign_id,
        selling_entity as org_unit_ref,
        owner_id,
        name as campaign_name,
        parent_id as parent_campaign_id,
        type as campaign_type,
        status,
        start_date,
        end_date,
        {{ money('budgeted_cost') }} as budget_txn,
        {{ money('actual_cost') }} as spend_txn,
        {{ money('expected_revenue') }} as expected_revenue_txn,
        currency_iso_code as currency_txn,
        cast(number_sent as bigint) as sent_count,
        coalesce(is_active, false) as is_active,
        utm_campaign as campaign_utm,
        created_date as created_at,
        system_modstamp as updated_at
    from source

)

select * from renamed
