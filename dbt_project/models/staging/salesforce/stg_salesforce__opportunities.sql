with

source as (

    {{ completed_loads('salesforce', 'opportunities') }}

),

renamed as (

    select
        connection_id,
        id as opportunity_id,
        selling_entity as org_unit_ref,
        account_id,
        contact_id,
        owner_id,
        name as opportunity_name,
        stage_name,
        type as opportunity_type,
        lead_source,
        campaign_id,
        {{ money('amount') }} as amount_txn,
        currency_iso_code as currency_txn,
        cast(probability / 100 as decimal(9, 6)) as probability,
        {{ money('expected_revenue') }} as expected_revenue_txn,
        forecast_category_name as forecast_category,
        close_date,
        coalesce(is_closed, false) as is_closed,
        coalesce(is_won, false) as is_won,
        fiscal_year,
        fiscal_quarter,
        created_date as created_at,
        system_modstamp as updated_at
    from source

)

select * from renamed
