with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

deals as (

    select * from {{ ref('stg_hubspot__deals') }}
    where is_won and not is_archived and deal_type = 'newbusiness'

),

connections as (

    select * from {{ ref('stg_hub__connections') }}

),

company_merges as (

    select * from {{ ref('stg_hubspot__merges') }}
    where object_type = 'companies'

),

buyers as (

    select
        ties.connection_id,
        ties.from_id as deal_id,
        min(coalesce(company_merges.winner_id, ties.to_id)) as company_id
    from {{ ref('stg_hubspot__associations') }} as ties
    left join company_merges on ties.connection_id = company_merges.connection_id and ties.to_id = company_merges.loser_id
    where ties.from_type = 'deals' and ties.to_type = 'companies'
    group by ties.connection_id, ties.from_id

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
        connections.entity_id,
        deals.connection_id,
        deals.deal_id,
        deals.deal_name,
        buyers.company_id,
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
    inner join connections on deals.connection_id = connections.connection_id
    inner join entities on connections.entity_id = entities.entity_id
    cross join parameters
    left join buyers on deals.connection_id = buyers.connection_id and deals.deal_id = buyers.deal_id
    left join customers on deals.connection_id = customers.crm_connection_id and buyers.company_id = customers.crm_company_id
    left join rates
        on connections.entity_id = rates.entity_id and cast(date_trunc('month', deals.closed_at) as date) = rates.period_month
    where deals.closed_at < parameters.as_of_date + interval 1 day

)

select * from final
