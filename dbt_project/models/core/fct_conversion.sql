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

daily as (

    select
        currency,
        rate_date,
        units_per_eur
    from {{ ref('stg_ecb__exchange_rates') }}
    union all
    select distinct
        'EUR' as currency,
        rate_date,
        1 as units_per_eur
    from {{ ref('stg_ecb__exchange_rates') }}

),

-- Where the CRM does not say what a deal in another currency is worth: the last published rate of the week before it was won.
crossed as (

    select
        deals.connection_id,
        deals.deal_id,
        arg_max(deals.amount_txn * theirs.units_per_eur / ours.units_per_eur, ours.rate_date) as amount_func
    from deals
    inner join org_units
        on deals.connection_id = org_units.connection_id and coalesce(trim(deals.org_unit_ref), '') = org_units.org_unit_ref
    inner join entities on org_units.entity_id = entities.entity_id
    inner join daily as ours
        on
            deals.currency_txn = ours.currency
            and ours.rate_date between cast(deals.closed_at as date) - 7 and cast(deals.closed_at as date)
    inner join daily as theirs on ours.rate_date = theirs.rate_date and entities.currency_func = theirs.currency
    where deals.amount_func is null and deals.currency_txn <> entities.currency_func
    group by deals.connection_id, deals.deal_id

),

valued as (

    select
        deals.*,
        org_units.entity_id,
        entities.currency_func,
        {{ posted(
            'case when deals.currency_txn = entities.currency_func then deals.amount_txn else coalesce(deals.amount_func, crossed.amount_func) end',
            'entities.currency_func'
        ) }} as worth_func
    from deals
    inner join org_units
        on deals.connection_id = org_units.connection_id and coalesce(trim(deals.org_unit_ref), '') = org_units.org_unit_ref
    inner join entities on org_units.entity_id = entities.entity_id
    left join crossed on deals.connection_id = crossed.connection_id and deals.deal_id = crossed.deal_id

),

final as (

    select
        deals.connection_id || '|' || deals.deal_id as conversion_id,
        deals.entity_id,
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
        deals.worth_func as amount_func,
        deals.currency_func,
        {{ posted('deals.worth_func * rates.average_rate', 'rates.to_currency') }} as amount_rpt,
        rates.to_currency as currency_rpt
    from valued as deals
    cross join parameters
    left join customers on deals.connection_id = customers.crm_connection_id and deals.company_id = customers.crm_company_id
    left join rates
        on deals.entity_id = rates.entity_id and cast(date_trunc('month', deals.closed_at) as date) = rates.period_month
    where deals.closed_at < parameters.as_of_date + interval 1 day

)

select * from final
