with

documents as (

    select * from {{ ref('fct_document') }}
    where open_txn <> 0

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

today as (

    select * from {{ ref('dim_as_of') }}

),

measured as (

    select
        documents.*,
        today.as_of_date,
        case when documents.document_kind in ('sale_credit', 'purchase_credit') then -1 else 1 end as side,
        greatest(date_diff('day', coalesce(documents.due_date, documents.document_date), today.as_of_date), 0) as days_overdue
    from documents
    cross join today

),

final as (

    select
        measured.entity_id,
        measured.connection_id,
        measured.source_system,
        measured.ledger,
        measured.document_id,
        measured.document_number,
        measured.document_kind,
        measured.party_id,
        measured.party_name,
        measured.partner_entity_id,
        measured.document_date,
        measured.due_date,
        measured.as_of_date,
        measured.days_overdue,
        case
            when measured.days_overdue = 0 then 'current'
            when measured.days_overdue <= 30 then '1-30'
            when measured.days_overdue <= 60 then '31-60'
            when measured.days_overdue <= 90 then '61-90'
            else '90+'
        end as bucket,
        cast(measured.side * measured.open_txn as decimal(20, 4)) as open_txn,
        measured.currency_txn,
        cast(measured.side * measured.open_func as decimal(20, 4)) as open_func,
        measured.currency_func,
        {{ posted('measured.side * measured.open_func * rates.closing_rate', 'rates.to_currency') }} as open_rpt,
        rates.to_currency as currency_rpt
    from measured
    left join rates
        on measured.entity_id = rates.entity_id and cast(date_trunc('month', measured.as_of_date) as date) = rates.period_month

)

select * from final
