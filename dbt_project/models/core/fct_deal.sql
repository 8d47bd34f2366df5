-- Every deal of every CRM, worth what it is in the deal's, the entity's and the reporting currency. What was decided after the as-of
-- date is still open.
with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

deals as (

    select
        deals.* exclude (status, closed_at),
        case when deals.closed_at >= parameters.as_of_date + interval 1 day then 'open' else deals.status end as status,
        case when deals.closed_at < parameters.as_of_date + interval 1 day then deals.closed_at end as closed_at,
        -- A deal is worth what it was on the day it was decided, an open one what it is today.
        least(coalesce(cast(deals.closed_at as date), parameters.as_of_date), parameters.as_of_date) as valued_on
    from {{ ref('int_growth_deals_stacked') }} as deals
    cross join parameters
    where coalesce(deals.created_at, deals.closed_at, parameters.as_of_date) < parameters.as_of_date + interval 1 day

),

org_units as (

    select * from {{ ref('bridge_org_unit') }}

),

customers as (

    select * from {{ ref('bridge_customer_company') }}

),

persons as (

    select * from {{ ref('bridge_person') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

companies as (

    select
        connection_id,
        company_id,
        any_value(industry) as industry
    from {{ ref('int_growth_companies_stacked') }}
    group by connection_id, company_id

),

-- A list price is told by the price after the discount: the lines' amounts are after it.
lines as (

    select
        connection_id,
        deal_id,
        count(*) as line_count,
        sum(amount_txn / nullif(1 - coalesce(discount_pct, 0) / 100, 0)) as list_txn,
        sum(amount_txn) as lines_txn
    from {{ ref('int_growth_deal_lines_stacked') }}
    group by connection_id, deal_id

),

daily as (

    select * from {{ ref('int_ecb_rates_published') }}

),

-- Where the CRM does not say what a deal in another currency is worth: the last published rate of the week before it was decided.
crossed as (

    select
        deals.connection_id,
        deals.deal_id,
        arg_max(deals.amount_txn * theirs.units_per_eur / ours.units_per_eur, ours.rate_date) as amount_func
    from deals
    inner join org_units
        on deals.connection_id = org_units.connection_id and coalesce(trim(deals.org_unit_ref), '') = org_units.org_unit_ref
    inner join entities on org_units.entity_id = entities.entity_id
    inner join daily as ours on deals.currency_txn = ours.currency and ours.rate_date between deals.valued_on - 7 and deals.valued_on
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
        deals.connection_id || '|' || deals.deal_id as deal_key,
        deals.entity_id,
        deals.source_system,
        deals.connection_id,
        deals.deal_id,
        deals.deal_name,
        deals.company_id,
        companies.industry,
        customers.customer_id,
        persons.contact_connection_id,
        persons.contact_id,
        deals.connection_id || '|' || deals.owner_id as seller_id,
        deals.deal_type,
        deals.pipeline_name,
        deals.stage_name,
        deals.status,
        deals.probability as crm_probability,
        deals.created_at,
        deals.expected_close_date,
        deals.closed_at,
        deals.updated_at,
        date_diff('day', deals.created_at, coalesce(deals.closed_at, parameters.as_of_date)) as age_days,
        deals.amount_txn,
        deals.currency_txn,
        deals.worth_func as amount_func,
        deals.currency_func,
        {{ posted('deals.worth_func * rates.average_rate', 'rates.to_currency') }} as amount_rpt,
        rates.to_currency as currency_rpt,
        case
            when deals.amount_txn is null then 'no_amount'
            when deals.worth_func is null or rates.average_rate is null then 'missing_rate'
            else 'ok'
        end as amount_status,
        coalesce(lines.line_count, 0) as line_count,
        {{ posted('lines.list_txn', 'deals.currency_txn') }} as list_amount_txn,
        {{ posted('lines.list_txn - lines.lines_txn', 'deals.currency_txn') }} as discount_txn,
        cast(round((lines.list_txn - lines.lines_txn) * 100 / nullif(lines.list_txn, 0), 4) as decimal(9, 4)) as discount_pct
    from valued as deals
    cross join parameters
    left join customers on deals.connection_id = customers.crm_connection_id and deals.company_id = customers.crm_company_id
    left join companies on deals.connection_id = companies.connection_id and deals.company_id = companies.company_id
    left join persons on deals.connection_id = persons.connection_id and deals.person_id = persons.person_id
    left join lines on deals.connection_id = lines.connection_id and deals.deal_id = lines.deal_id
    left join rates
        on deals.entity_id = rates.entity_id and cast(date_trunc('month', deals.valued_on) as date) = rates.period_month

)

select * from final
