with

documents as (

    select
        connection_id,
        document_date,
        currency_txn,
        units_per_base
    from {{ ref('stg_xero__invoices') }}
    where status in ('authorised', 'paid')

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

-- A document's rate is units of its currency for one unit of the entity's own.
quoted as (

    select
        entities.entity_id,
        entities.currency_func as from_currency,
        documents.currency_txn as to_currency,
        cast(date_trunc('month', documents.document_date) as date) as period_month,
        cast(avg(documents.units_per_base) as decimal(18, 9)) as average_rate,
        cast(arg_max(documents.units_per_base, documents.document_date) as decimal(18, 9)) as closing_rate,
        max(documents.document_date) as last_quoted_date
    from documents
    inner join entities on documents.connection_id = entities.connection_id
    cross join parameters
    where documents.currency_txn = parameters.reporting_currency and documents.currency_txn <> entities.currency_func
    group by all

),

-- The nearest month with a quote, within the permitted age.
candidates as (

    select
        months.entity_id,
        months.period_month,
        quoted.from_currency,
        quoted.to_currency,
        quoted.average_rate,
        quoted.closing_rate,
        abs(date_diff('day', quoted.last_quoted_date, months.month_end_date)) as age_days
    from months
    inner join quoted on months.entity_id = quoted.entity_id
    where abs(date_diff('day', quoted.last_quoted_date, months.month_end_date)) <= {{ var('fx_documents_max_age_days') }}
    qualify row_number() over (
        partition by months.entity_id, months.period_month
        order by abs(date_diff('month', quoted.period_month, months.period_month)), quoted.period_month
    ) = 1

),

final as (

    select
        months.entity_id,
        months.period_month,
        entities.currency_func as from_currency,
        parameters.reporting_currency as to_currency,
        case
            when entities.currency_func = parameters.reporting_currency then cast(1 as decimal(18, 9))
            else candidates.average_rate
        end as average_rate,
        case
            when entities.currency_func = parameters.reporting_currency then cast(1 as decimal(18, 9))
            else candidates.closing_rate
        end as closing_rate,
        coalesce(candidates.age_days, 0) as age_days,
        case
            when entities.currency_func = parameters.reporting_currency then 'same_currency'
            when candidates.closing_rate is null then 'missing_rate'
            else 'documents'
        end as fx_status
    from months
    inner join entities on months.entity_id = entities.entity_id
    cross join parameters
    left join candidates on months.entity_id = candidates.entity_id and months.period_month = candidates.period_month

)

select * from final
