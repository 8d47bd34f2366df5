-- What makes journals, of connections without journals: each document with the account that it moves as a whole.
-- A positive side debits that account with the total and credits the accounts of the lines.
with

organisations as (

    select * from {{ ref('stg_xero__organisation') }}
    where connection_id not in (select journals.connection_id from {{ ref('stg_xero__journals') }} as journals)

),

control_accounts as (

    select * from {{ ref('int_xero_system_accounts_picked') }}

),

bank_transactions as (

    select * from {{ ref('stg_xero__bank_transactions') }}
    where status = 'authorised' and document_type not like '%-transfer'

),

invoices as (

    select
        invoices.connection_id,
        'invoice' as source_table,
        invoices.invoice_id as document_id,
        invoices.invoice_id as item_id,
        case invoices.document_type when 'accrec' then 'sale' else 'purchase' end as document_kind,
        invoices.document_type,
        invoices.invoice_number as document_number,
        invoices.document_date,
        invoices.contact_id as party_id,
        invoices.currency_txn,
        invoices.units_per_base,
        invoices.line_amount_types,
        invoices.total_txn,
        invoices.tax_txn,
        case invoices.document_type when 'accrec' then 1 else -1 end as side,
        case invoices.document_type
            when 'accrec' then control_accounts.receivable_account_id else control_accounts.payable_account_id
        end as own_account_id,
        'control' as own_role,
        invoices.invoice_number as description,
        invoices._page_id,
        invoices._dlt_load_id
    from {{ ref('stg_xero__invoices') }} as invoices
    left join control_accounts on invoices.connection_id = control_accounts.connection_id
    where invoices.status in ('authorised', 'paid')

),

credit_notes as (

    select
        notes.connection_id,
        'credit_note' as source_table,
        notes.credit_note_id as document_id,
        notes.credit_note_id as item_id,
        case notes.document_type when 'accreccredit' then 'sale_credit' else 'purchase_credit' end as document_kind,
        notes.document_type,
        notes.credit_note_number as document_number,
        notes.document_date,
        notes.contact_id as party_id,
        notes.currency_txn,
        notes.units_per_base,
        notes.line_amount_types,
        notes.total_txn,
        notes.tax_txn,
        case notes.document_type when 'accreccredit' then -1 else 1 end as side,
        case notes.document_type
            when 'accreccredit' then control_accounts.receivable_account_id else control_accounts.payable_account_id
        end as own_account_id,
        'control' as own_role,
        notes.credit_note_number as description,
        notes._page_id,
        notes._dlt_load_id
    from {{ ref('stg_xero__credit_notes') }} as notes
    left join control_accounts on notes.connection_id = control_accounts.connection_id
    where notes.status in ('authorised', 'paid')

),

-- The money of a prepayment or overpayment is a bank transaction; what is left of it on the other side can be set off or paid back.
money as (

    select
        connection_id,
        'bank_transaction' as source_table,
        bank_transaction_id as document_id,
        coalesce(overpayment_id, prepayment_id) as item_id,
        case
            when document_type = 'receive' then 'bank_received'
            when document_type = 'spend' then 'bank_spent'
            when document_type like 'receive%' then 'payment_received'
            else 'payment_made'
        end as document_kind,
        document_type,
        reference as document_number,
        document_date,
        contact_id as party_id,
        currency_txn,
        units_per_base,
        line_amount_types,
        total_txn,
        tax_txn,
        case when document_type like 'receive%' then 1 else -1 end as side,
        bank_account_id as own_account_id,
        'bank' as own_role,
        reference as description,
        _page_id,
        _dlt_load_id
    from bank_transactions

),

-- One that no bank transaction tells of has moved an account that nobody names.
on_account as (

    select
        connection_id,
        'prepayment' as source_table,
        prepayment_id as document_id,
        document_type,
        coalesce(nullif(reference, ''), invoice_number) as document_number,
        document_date,
        status,
        contact_id,
        currency_txn,
        units_per_base,
        line_amount_types,
        total_txn,
        tax_txn,
        _page_id,
        _dlt_load_id
    from {{ ref('stg_xero__prepayments') }}
    union all
    select
        connection_id,
        'overpayment' as source_table,
        overpayment_id as document_id,
        document_type,
        reference as document_number,
        document_date,
        status,
        contact_id,
        currency_txn,
        units_per_base,
        line_amount_types,
        total_txn,
        tax_txn,
        _page_id,
        _dlt_load_id
    from {{ ref('stg_xero__overpayments') }}

),

money_unknown as (

    select
        on_account.connection_id,
        on_account.source_table,
        on_account.document_id,
        on_account.document_id as item_id,
        case
            when on_account.document_type like 'receive%' or on_account.document_type like 'ar%' then 'payment_received'
            else 'payment_made'
        end as document_kind,
        on_account.document_type,
        on_account.document_number,
        on_account.document_date,
        on_account.contact_id as party_id,
        on_account.currency_txn,
        on_account.units_per_base,
        on_account.line_amount_types,
        on_account.total_txn,
        on_account.tax_txn,
        case when on_account.document_type like 'receive%' or on_account.document_type like 'ar%' then 1 else -1 end as side,
        cast(null as varchar) as own_account_id,
        'bank' as own_role,
        on_account.document_number as description,
        on_account._page_id,
        on_account._dlt_load_id
    from on_account
    left join bank_transactions
        on
            on_account.connection_id = bank_transactions.connection_id
            and on_account.document_id = coalesce(bank_transactions.prepayment_id, bank_transactions.overpayment_id)
    where on_account.status in ('authorised', 'paid') and bank_transactions.connection_id is null

),

transfers as (

    select
        connection_id,
        'bank_transfer' as source_table,
        bank_transfer_id as document_id,
        cast(null as varchar) as item_id,
        'bank_transfer' as document_kind,
        'transfer' as document_type,
        reference as document_number,
        transfer_date as document_date,
        cast(null as varchar) as party_id,
        cast(null as varchar) as currency_txn,
        units_per_base,
        'notax' as line_amount_types,
        amount_txn as total_txn,
        0 as tax_txn,
        1 as side,
        to_account_id as own_account_id,
        'bank' as own_role,
        reference as description,
        _page_id,
        _dlt_load_id
    from {{ ref('stg_xero__bank_transfers') }}
    where coalesce(status, 'authorised') = 'authorised'

),

-- A manual journal is all lines: it moves no account as a whole.
manual_journals as (

    select
        connection_id,
        'manual_journal' as source_table,
        manual_journal_id as document_id,
        cast(null as varchar) as item_id,
        'journal' as document_kind,
        'manjournal' as document_type,
        narration as document_number,
        posting_date as document_date,
        cast(null as varchar) as party_id,
        cast(null as varchar) as currency_txn,
        cast(null as decimal(38, 12)) as units_per_base,
        line_amount_types,
        0 as total_txn,
        cast(null as decimal(38, 12)) as tax_txn,
        -1 as side,
        cast(null as varchar) as own_account_id,
        'none' as own_role,
        narration as description,
        _page_id,
        _dlt_load_id
    from {{ ref('stg_xero__manual_journals') }}
    where status = 'posted'

),

documents as (

    select * from invoices
    union all
    select * from credit_notes
    union all
    select * from money
    union all
    select * from money_unknown
    union all
    select * from transfers
    union all
    select * from manual_journals

),

final as (

    select
        documents.connection_id,
        organisations.organisation_id as org_unit_id,
        organisations.base_currency,
        documents.source_table,
        documents.document_id,
        documents.item_id,
        documents.document_kind,
        documents.document_type,
        documents.document_number,
        documents.document_date,
        documents.party_id,
        coalesce(documents.currency_txn, organisations.base_currency) as currency_txn,
        -- Without a rate a foreign document has no amount in the books' own currency.
        case
            when coalesce(documents.currency_txn, organisations.base_currency) = organisations.base_currency
                then coalesce(nullif(documents.units_per_base, 0), 1)
            else nullif(documents.units_per_base, 0)
        end as units_per_base,
        documents.line_amount_types,
        cast(coalesce(documents.total_txn, 0) as decimal(38, 9)) as total_txn,
        cast(documents.tax_txn as decimal(38, 9)) as tax_txn,
        documents.side,
        documents.own_account_id,
        documents.own_role,
        documents.description,
        documents._page_id,
        documents._dlt_load_id
    from documents
    inner join organisations on documents.connection_id = organisations.connection_id

)

select * from final
