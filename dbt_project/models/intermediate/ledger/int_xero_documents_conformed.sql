with

organisations as (

    select * from {{ ref('stg_xero__organisation') }}

),

accounts as (

    select * from {{ ref('stg_xero__accounts') }}

),

bank_transactions as (

    select * from {{ ref('stg_xero__bank_transactions') }}

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

-- A prepayment stands on the accounts of its lines: it is open on a control account only where those are one.
prepaid_elsewhere as (

    select distinct
        lines.connection_id,
        lines.prepayment_id
    from {{ ref('stg_xero__prepayment_lines') }} as lines
    left join accounts as by_id on lines.connection_id = by_id.connection_id and lines.account_id = by_id.account_id
    left join accounts as by_code
        on
            lines.connection_id = by_code.connection_id
            and case when lines.account_id is null then lines.account_code end = by_code.account_code
    where
        coalesce(lines.amount_txn, 0) <> 0
        and coalesce(by_id.system_account, by_code.system_account, '') not in ('debtors', 'creditors')

),

on_account as (

    select
        prepayments.connection_id,
        prepayments.prepayment_id as item_id,
        coalesce(nullif(prepayments.reference, ''), prepayments.invoice_number) as document_number,
        prepayments.document_type,
        prepayments.status,
        prepayments.contact_id,
        prepayments.document_date,
        prepayments.currency_txn,
        prepayments.units_per_base,
        prepayments.total_txn,
        case when prepaid_elsewhere.prepayment_id is null then prepayments.remaining_credit_txn else 0 end as remaining_txn,
        prepayments.updated_at,
        prepayments._page_id
    from {{ ref('stg_xero__prepayments') }} as prepayments
    left join prepaid_elsewhere
        on
            prepayments.connection_id = prepaid_elsewhere.connection_id
            and prepayments.prepayment_id = prepaid_elsewhere.prepayment_id
    union all
    select
        connection_id,
        overpayment_id as item_id,
        reference as document_number,
        document_type,
        status,
        contact_id,
        document_date,
        currency_txn,
        units_per_base,
        total_txn,
        remaining_credit_txn as remaining_txn,
        updated_at,
        _page_id
    from {{ ref('stg_xero__overpayments') }}

),

-- Money on account goes by its bank transaction: that is what journals post, and what the vendor's own page shows.
identified as (

    select
        on_account.connection_id,
        coalesce(bank_transactions.bank_transaction_id, on_account.item_id) as document_id,
        on_account.document_number,
        on_account.document_type,
        on_account.status,
        on_account.contact_id,
        on_account.document_date,
        cast(null as date) as due_date,
        on_account.currency_txn,
        on_account.units_per_base,
        on_account.total_txn,
        on_account.remaining_txn,
        on_account.updated_at,
        on_account._page_id
    from on_account
    left join bank_transactions
        on
            on_account.connection_id = bank_transactions.connection_id
            and on_account.item_id = coalesce(bank_transactions.prepayment_id, bank_transactions.overpayment_id)
    qualify
        row_number() over (
            partition by on_account.connection_id, on_account.item_id order by bank_transactions.bank_transaction_id
        ) = 1

),

documents as (

    select * from invoices
    union all
    select * from credit_notes
    union all
    select * from identified

),

named as (

    select
        documents.*,
        organisations.organisation_id as org_unit_id,
        organisations.base_currency,
        case
            when documents.document_type = 'accrec' then 'sale'
            when documents.document_type = 'accpay' then 'purchase'
            when
                documents.document_type = 'accreccredit'
                or documents.document_type like 'receive-%'
                or documents.document_type in ('arprepayment', 'aroverpayment')
                then 'sale_credit'
            when
                documents.document_type = 'accpaycredit'
                or documents.document_type like 'spend-%'
                or documents.document_type in ('apprepayment', 'apoverpayment')
                then 'purchase_credit'
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
        {{ money('total_txn') }} as total_txn,
        {{ money('open_amount') }} as open_txn,
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
