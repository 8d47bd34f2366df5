with

invoices as (

    select
        connection_id,
        invoice_id as document_id,
        document_type,
        contact_id,
        document_date,
        due_date,
        currency_txn,
        units_per_base,
        amount_due_txn as open_txn
    from {{ ref('stg_xero__invoices') }}
    where status = 'authorised'

),

credit_notes as (

    select
        connection_id,
        credit_note_id as document_id,
        document_type,
        contact_id,
        document_date,
        cast(null as date) as due_date,
        currency_txn,
        units_per_base,
        -remaining_credit_txn as open_txn
    from {{ ref('stg_xero__credit_notes') }}
    where status = 'authorised'

),

documents as (

    select * from invoices
    union all
    select * from credit_notes

),

entities as (

    select * from {{ ref('dim_entity') }}

),

final as (

    select
        entities.entity_id,
        documents.connection_id,
        documents.document_id,
        documents.document_type,
        case when documents.document_type in ('accrec', 'accreccredit') then 'receivable' else 'payable' end as ledger,
        documents.contact_id,
        documents.document_date,
        documents.due_date,
        documents.currency_txn,
        cast(documents.open_txn as decimal(20, 4)) as open_txn,
        entities.currency_func,
        -- Converted at the document's own rate and rounded per document, as the vendor's own reports do.
        {{ posted('documents.open_txn / documents.units_per_base', 'entities.currency_func') }} as open_func
    from documents
    inner join entities on documents.connection_id = entities.connection_id
    where documents.open_txn <> 0

)

select * from final
