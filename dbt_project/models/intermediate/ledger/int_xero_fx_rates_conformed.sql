with

organisations as (

    select * from {{ ref('stg_xero__organisation') }}

),

-- Xero has no rates of its own: a document's rate, units of its currency for one unit of the organisation's.
documents as (

    select
        connection_id,
        document_date,
        currency_txn,
        units_per_base
    from {{ ref('stg_xero__invoices') }}
    where status in ('authorised', 'paid') and units_per_base > 0

),

final as (

    select
        documents.connection_id,
        organisations.organisation_id as org_unit_id,
        organisations.base_currency as from_currency,
        documents.currency_txn as to_currency,
        documents.document_date as rate_date,
        cast(documents.units_per_base as decimal(18, 9)) as rate
    from documents
    inner join organisations on documents.connection_id = organisations.connection_id
    where documents.currency_txn <> organisations.base_currency

)

select * from final
