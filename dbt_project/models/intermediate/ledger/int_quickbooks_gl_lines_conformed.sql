-- QuickBooks tells transactions, not journals: the ledger is what they must have posted.
with

legs as (

    select * from {{ ref('int_quickbooks_legs_judged') }}
    where reason is null

),

final as (

    select
        connection_id,
        org_unit_id,
        transaction_id || '|' || line_key as line_id,
        line_number,
        transaction_id as journal_id,
        transaction_number as journal_number,
        posting_date,
        posting_date as document_date,
        created_at as entry_created_at,
        cast(null as integer) as fiscal_year_native,
        cast(null as integer) as fiscal_period_native,
        false as is_adjustment_period,
        account_id,
        department_name,
        campaign_ref,
        product_ref,
        party_id,
        cast(null as varchar) as partner_ref,
        -- What was paid with an invoice itself is a payment.
        case when role = 'deposit' then 'payment_received' else document_kind end as document_kind,
        transaction_type as document_type,
        transaction_id as document_id,
        transaction_number as document_number,
        description,
        cast(amount_func as decimal(38, 12)) as amount_func,
        cast(amount_txn as decimal(38, 12)) as amount_txn,
        currency_txn,
        tax_code,
        false as is_reversal,
        cast(null as varchar) as reverses_journal_id,
        transaction_type = 'JournalEntry' as is_manual,
        cast(null as varchar) as created_by,
        _page_id,
        _dlt_load_id
    from legs

)

select * from final
