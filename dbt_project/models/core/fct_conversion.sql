with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

deals as (

    select * from {{ ref('int_growth_deals_stacked') }}
    where status = 'won' and deal_type = 'new'

),

org_units as (

    select * from {{ ref('bridge_org_unit') }}

),

customers as (

    select * from {{ ref('bridge_customer_company') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

final as (

    select
        deals.connection_id || '|' || deals.deal_id as conversion_id,
        org_units.entity_id,
        deals.connection_id,
        deals.deal_id,
        deals.deal_name,
        deals.company_id,
        customers.customer_id,
        deals.created_at,
        deals.closed_at as converted_at,
        cast(date_trunc('month', deals.closed_at) as date) as period_month,
        'won' as conversion_type,
        'bookings' as amount_basis,
        deals.amount_txn,
        deals.currency_txn,
        case when deals.currency_txn = entities.currency_func then deals.amount_txn else deals.amount_func end as amount_func,
        entities.currency_func,
        {{ posted(
            'case when deals.currency_txn = entities.currency_func then deals.amount_txn else deals.amount_func end * rates.average_rate',
            'rates.to_currency'
        ) }} as amount_rpt,
        rates.to_currency as currency_rpt
    from deals
    inner join org_units
        on deals.connection_id = org_units.connection_id and coalesce(trim(deals.org_unit_ref), '') = org_units.org_unit_ref
    inner join entities on org_units.entity_id = entities.entity_id
    cross join parameters
    left join customers on deals.connection_id = customers.crm_connection_id and deals.company_id = customers.crm_company_id
    left join rates
        on org_units.entity_id = rates.entity_id and cast(date_trunc('month', deals.closed_at) as date) = rates.period_month
    where deals.closed_at < parameters.as_of_date + interval 1 day

)

select * from final
