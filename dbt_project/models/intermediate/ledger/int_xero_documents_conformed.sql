with

organisations as (

    select * from {{ ref('stg_xero__organisation') }}

),

invoices as (

    select
        connection_id,
        invoice_id as document_id,
        invoice_number as document_number,
        document_type,
        status,
        contact_id,
        document_date,
        due_date,
        currency_txn,
        units_per_base,
        total_txn,
        amount_due_txn as remaining_txn,
        updated_at,
        _page_id
    from {{ ref('stg_xero__invoices') }}

),

credit_notes as (

    select
        connection_id,
        credit_note_id as document_id,
        credit_note_number as document_number,
        document_type,
        status,
        contact_id,
        document_date,
        cast(null as date) as due_date,
        currency_txn,
        units_per_base,
        total_txn,
        remaining_credit_txn as remaining_txn,
        updated_at,
        _page_id
    from {{ ref('stg_xero__credit_notes') }}

),

documents as (

    select * from invoices
    union all
    select * from credit_notes

),

named as (

    select
        documents.*,
        organisations.organisation_id as org_unit_id,
        organisations.base_currency,
        case documents.document_type
            when 'accrec' then 'sale'
            when 'accpay' then 'purchase'
            when 'accreccredit' then 'sale_credit'
            when 'accpaycredit' then 'purchase_credit'
        end as document_kind,
        case when documents.status = 'authorised' then documents.remaining_txn else 0 end as open_amount
    from documents
    inner join organisations on documents.connection_id = organisations.connection_id

),

final as (

    select
        connection_id,
        org_unit_id,
        document_id,
        document_number,
        document_kind,
        document_type,
        contact_id as party_id,
        cast(null as varchar) as partner_ref,
        document_date,
        due_date,
        coalesce(currency_txn, base_currency) as currency_txn,
        cast(total_txn as decimal(20, 4)) as total_txn,
        cast(open_amount as decimal(20, 4)) as open_txn,
        -- Converted at the document's own rate and rounded per document, as the vendor's own reports do.
        {{ posted('total_txn / coalesce(units_per_base, 1)', 'base_currency') }} as total_func,
        {{ posted('open_amount / coalesce(units_per_base, 1)', 'base_currency') }} as open_func,
        case status
            when 'authorised' then 'open'
            when 'submitted' then 'draft'
            else status
        end as status,
        updated_at,
        _page_id
    from named

)

select * from final
