with

lines as (

    select * from {{ ref('stg_database__journal_lines') }}

),

documents as (

    select * from {{ ref('int_database_documents_conformed') }}

),

payments as (

    select
        connection_id,
        payment_id,
        min(payment_kind) as payment_kind
    from {{ ref('int_database_payments_conformed') }}
    group by connection_id, payment_id

),

final as (

    select
        lines.connection_id,
        coalesce(lines.ledger_id, 'all') as org_unit_id,
        lines.line_key as line_id,
        lines.line_number,
        lines.journal_id,
        lines.journal_number,
        lines.posting_date,
        lines.document_date,
        lines.created_at as entry_created_at,
        cast(null as integer) as fiscal_year_native,
        cast(null as integer) as fiscal_period_native,
        lines.is_adjustment_period,
        lines.account_id,
        lines.department_name,
        lines.campaign as campaign_ref,
        lines.product as product_ref,
        lines.party_id,
        lines.partner_ledger_id as partner_ref,
        -- A line is of the kind of the document that it names; else the database's own word stands.
        coalesce(
            documents.document_kind,
            'payment_' || payments.payment_kind,
            case when lines.document_type in ('manual', 'manual_journal') then 'journal' else lines.document_type end,
            'journal'
        ) as document_kind,
        lines.document_type,
        lines.document_id,
        coalesce(lines.document_number, documents.document_number) as document_number,
        lines.description,
        lines.amount_func,
        coalesce(lines.amount_txn, lines.amount_func) as amount_txn,
        coalesce(lines.currency_txn, lines.currency_func) as currency_txn,
        lines.tax_code,
        lines.reversal_of is not null as is_reversal,
        lines.reversal_of as reverses_journal_id,
        coalesce(lines.document_type in ('manual', 'manual_journal', 'journal'), false) as is_manual,
        lines.created_by,
        lines._page_id,
        lines._dlt_load_id
    from lines
    left join documents on lines.connection_id = documents.connection_id and lines.document_id = documents.document_id
    left join payments on lines.connection_id = payments.connection_id and lines.document_id = payments.payment_id

)

select * from final
