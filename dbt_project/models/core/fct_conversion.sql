with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

deals as (

    select * from {{ ref('fct_deal') }}
    where status = 'won' and deal_type = 'new'

),

final as (

    select
        deals.deal_key as conversion_id,
        deals.entity_id,
        deals.connection_id,
        deals.deal_id,
        deals.deal_name,
        deals.company_id,
        deals.customer_id,
        deals.created_at,
        deals.closed_at as converted_at,
        cast(date_trunc('month', deals.closed_at) as date) as period_month,
        'won' as conversion_type,
        'bookings' as amount_basis,
        deals.amount_txn,
        deals.currency_txn,
        deals.amount_func,
        deals.currency_func,
        deals.amount_rpt,
        deals.currency_rpt
    from deals
    cross join parameters
    where deals.closed_at < parameters.as_of_date + interval 1 day

)

select * from final
