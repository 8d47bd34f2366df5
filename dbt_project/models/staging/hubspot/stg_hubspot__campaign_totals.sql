with

source as (

    {{ completed_loads('hubspot', 'campaign_totals') }}

),

renamed as (

    select
        connection_id,
        campaign_id,
        cast(budget_total as decimal(20, 4)) as budget_amount,
        cast(spend_total as decimal(20, 4)) as spend_amount,
        currency_code as currency
    from source

)

select * from renamed
