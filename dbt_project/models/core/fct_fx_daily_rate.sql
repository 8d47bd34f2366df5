with

published as (

    select * from {{ ref('int_ecb_rates_published') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

days as (

    select
        entity_id,
        date_day
    from {{ ref('dim_date') }}

),

today as (

    select * from {{ ref('dim_as_of') }}

),

-- Units of the reporting currency for one unit of the entity's, on each day of publication.
crossed as (

    select
        entities.entity_id,
        from_rates.rate_date,
        'central_bank' as rate_source,
        cast(to_rates.units_per_eur / from_rates.units_per_eur as decimal(18, 9)) as rate
    from entities
    cross join today
    inner join published as from_rates on entities.currency_func = from_rates.currency
    inner join published as to_rates on today.reporting_currency = to_rates.currency and from_rates.rate_date = to_rates.rate_date
    where entities.currency_func <> today.reporting_currency and from_rates.rate_date <= today.as_of_date

),

own_rates as (

    select * from {{ ref('int_ledger_fx_rates_stacked') }}

),

-- Without the central bank: what the books themselves know, rates of their own or of their documents.
quoted as (

    select
        entities.entity_id,
        own_rates.rate_date,
        'books' as rate_source,
        cast(
            avg(case when own_rates.from_currency = entities.currency_func then own_rates.rate else 1 / nullif(own_rates.rate, 0) end)
            as decimal(18, 9)
        ) as rate
    from own_rates
    inner join entities on own_rates.connection_id = entities.connection_id and own_rates.org_unit_id = entities.org_unit_id
    cross join today
    where
        own_rates.rate_date <= today.as_of_date
        and (
            (own_rates.from_currency = entities.currency_func and own_rates.to_currency = today.reporting_currency)
            or (own_rates.to_currency = entities.currency_func and own_rates.from_currency = today.reporting_currency)
        )
        and entities.entity_id not in (select crossed.entity_id from crossed)
    group by entities.entity_id, own_rates.rate_date

),

known as (

    select * from crossed
    union all
    select * from quoted

),

-- Days between two rates have the older one; days before the first have none.
followed as (

    select
        days.entity_id,
        days.date_day,
        known.rate,
        known.rate_date,
        known.rate_source,
        date_diff('day', known.rate_date, days.date_day) as age_days
    from days
    asof inner join known on days.entity_id = known.entity_id and days.date_day >= known.rate_date

),

final as (

    select * from followed
    union all
    select
        days.entity_id,
        days.date_day,
        cast(1 as decimal(18, 9)) as rate,
        days.date_day as rate_date,
        'same_currency' as rate_source,
        0 as age_days
    from days
    inner join entities on days.entity_id = entities.entity_id
    inner join today on entities.currency_func = today.reporting_currency

)

select * from final
