-- The ledger of connections without journals: balanced double entries of documents, payments and manual journals.
with

legs as (

    select * from {{ ref('int_xero_legs_judged') }}

),

final as (

    select
        connection_id,
        org_unit_id,
        journal_id || '|' || line_key as line_id,
        line_number,
        journal_id,
        document_number as journal_number,
        posting_date,
        posting_date as document_date,
        -- When a document was entered its vendor does not tell: only when it was last changed.
        cast(null as timestamp) as entry_created_at,
        account_id,
        department_name,
        campaign_ref,
        product_ref,
        party_id,
        document_kind,
        document_type,
        document_id,
        document_number,
        description,
        cast(amount_func as decimal(38, 12)) as amount_func,
        cast(amount_txn as decimal(38, 12)) as amount_txn,
        currency_txn,
        tax_code,
        source_table = 'manual_journal' as is_manual,
        _page_id,
        _dlt_load_id
    from legs
    where reason is null

)

select * from final
