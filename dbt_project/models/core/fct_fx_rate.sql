with

rates as (

    select
        currency,
        rate_date,
        units_per_eur
    from {{ ref('stg_ecb__exchange_rates') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

parameters as (

    select * from {{ ref('stg_hub__parameters') }}

),

months as (

    select
        entity_id,
        period_month,
        max(date_day) as month_end_date
    from {{ ref('dim_date') }}
    group by entity_id, period_month

),

pairs as (

    select
        months.entity_id,
        months.period_month,
        least(months.month_end_date, parameters.as_of_date) as month_end_date,
        entities.connection_id,
        entities.currency_func as from_currency,
        parameters.reporting_currency as to_currency
    from months
    inner join entities on months.entity_id = entities.entity_id
    cross join parameters

),

-- The euro is one euro on every day on which anything was published.
published as (

    select * from rates
    union all
    select distinct
        'EUR' as currency,
        rate_date,
        cast(1 as decimal(18, 9)) as units_per_eur
    from rates

),

crossed as (

    select
        from_rates.currency as from_currency,
        to_rates.currency as to_currency,
        from_rates.rate_date,
        to_rates.units_per_eur / from_rates.units_per_eur as rate
    from published as from_rates
    inner join published as to_rates on from_rates.rate_date = to_rates.rate_date

),

central_bank_averages as (

    select
        from_currency,
        to_currency,
        cast(date_trunc('month', rate_date) as date) as period_month,
        cast(avg(rate) as decimal(18, 9)) as average_rate
    from crossed
    group by from_currency, to_currency, cast(date_trunc('month', rate_date) as date)

),

-- The newest rate published by the month's end, if not older than a long holiday.
central_bank_closings as (

    select
        pairs.entity_id,
        pairs.period_month,
        cast(crossed.rate as decimal(18, 9)) as closing_rate,
        date_diff('day', crossed.rate_date, pairs.month_end_date) as age_days
    from pairs
    inner join crossed
        on
            pairs.from_currency = crossed.from_currency
            and pairs.to_currency = crossed.to_currency
            and crossed.rate_date between pairs.month_end_date - 10 and pairs.month_end_date
    qualify row_number() over (partition by pairs.entity_id, pairs.period_month order by crossed.rate_date desc) = 1

),

documents as (

    select
        connection_id,
        document_date,
        currency_txn,
        units_per_base
    from {{ ref('stg_xero__invoices') }}
    where status in ('authorised', 'paid')

),

-- Without the central bank: a document's own rate, units of its currency for one unit of the entity's.
quoted as (

    select
        entities.entity_id,
        cast(date_trunc('month', documents.document_date) as date) as period_month,
        cast(avg(documents.units_per_base) as decimal(18, 9)) as average_rate,
        cast(arg_max(documents.units_per_base, documents.document_date) as decimal(18, 9)) as closing_rate,
        max(documents.document_date) as last_quoted_date
    from documents
    inner join entities on documents.connection_id = entities.connection_id
    cross join parameters
    where documents.currency_txn = parameters.reporting_currency and documents.currency_txn <> entities.currency_func
    group by entities.entity_id, cast(date_trunc('month', documents.document_date) as date)

),

-- The nearest month with a quote, within the permitted age.
candidates as (

    select
        pairs.entity_id,
        pairs.period_month,
        quoted.average_rate,
        quoted.closing_rate,
        abs(date_diff('day', quoted.last_quoted_date, pairs.month_end_date)) as age_days
    from pairs
    inner join quoted on pairs.entity_id = quoted.entity_id
    where abs(date_diff('day', quoted.last_quoted_date, pairs.month_end_date)) <= {{ var('fx_documents_max_age_days') }}
    qualify row_number() over (
        partition by pairs.entity_id, pairs.period_month
        order by abs(date_diff('month', quoted.period_month, pairs.period_month)), quoted.period_month
    ) = 1

),

final as (

    select
        pairs.entity_id,
        pairs.period_month,
        pairs.from_currency,
        pairs.to_currency,
        case
            when pairs.from_currency = pairs.to_currency then cast(1 as decimal(18, 9))
            when central_bank_closings.closing_rate is not null
                then coalesce(central_bank_averages.average_rate, central_bank_closings.closing_rate)
            else candidates.average_rate
        end as average_rate,
        case
            when pairs.from_currency = pairs.to_currency then cast(1 as decimal(18, 9))
            else coalesce(central_bank_closings.closing_rate, candidates.closing_rate)
        end as closing_rate,
        case
            when pairs.from_currency = pairs.to_currency then 0
            else coalesce(central_bank_closings.age_days, candidates.age_days, 0)
        end as age_days,
        case
            when pairs.from_currency = pairs.to_currency then 'same_currency'
            when central_bank_closings.closing_rate is not null then 'central_bank'
            when candidates.closing_rate is not null then 'documents'
            else 'missing_rate'
        end as fx_status
    from pairs
    left join central_bank_averages
        on
            pairs.from_currency = central_bank_averages.from_currency
            and pairs.to_currency = central_bank_averages.to_currency
            and pairs.period_month = central_bank_averages.period_month
    left join central_bank_closings
        on pairs.entity_id = central_bank_closings.entity_id and pairs.period_month = central_bank_closings.period_month
    left join candidates on pairs.entity_id = candidates.entity_id and pairs.period_month = candidates.period_month

)

select * from final
