-- What journals name as their source: the document by which people know them.
with

organisations as (

    select * from {{ ref('stg_xero__organisation') }}

),

bank_accounts as (

    select * from {{ ref('stg_xero__accounts') }}

),

bank_transactions as (

    select * from {{ ref('stg_xero__bank_transactions') }}

),

documents as (

    select * from {{ ref('int_xero_documents_conformed') }}

),

payments as (

    select * from {{ ref('stg_xero__payments') }}

),

sources as (

    select
        connection_id,
        document_id as source_id,
        document_id,
        cast(null as varchar) as document_kind,
        document_number,
        party_id,
        currency_txn,
        2 as preference
    from documents
    union all
    -- Money on account goes by its bank transaction, whichever of its identities a journal names.
    select
        connection_id,
        unnest([bank_transaction_id, prepayment_id, overpayment_id]) as source_id,
        bank_transaction_id as document_id,
        case
            when document_type in ('receive', 'spend') then null
            when document_type like 'receive%' then 'payment_received'
            else 'payment_made'
        end as document_kind,
        reference as document_number,
        contact_id as party_id,
        currency_txn,
        1 as preference
    from bank_transactions
    union all
    select
        payments.connection_id,
        payments.payment_id as source_id,
        payments.payment_id as document_id,
        case
            when
                payments.payment_type in ('accrecpayment', 'apcreditpayment', 'apoverpaymentpayment', 'apprepaymentpayment')
                then 'payment_received'
            else 'payment_made'
        end as document_kind,
        coalesce(nullif(payments.reference, ''), documents.document_number) as document_number,
        documents.party_id,
        documents.currency_txn,
        3 as preference
    from payments
    left join bank_transactions
        on
            payments.connection_id = bank_transactions.connection_id
            and coalesce(payments.prepayment_id, payments.overpayment_id)
            = coalesce(bank_transactions.prepayment_id, bank_transactions.overpayment_id)
    left join documents
        on
            payments.connection_id = documents.connection_id
            and documents.document_id
            = coalesce(
                payments.invoice_id,
                payments.credit_note_id,
                bank_transactions.bank_transaction_id,
                payments.prepayment_id,
                payments.overpayment_id
            )
    union all
    select
        transfers.connection_id,
        transfers.bank_transfer_id as source_id,
        transfers.bank_transfer_id as document_id,
        'bank_transfer' as document_kind,
        transfers.reference as document_number,
        cast(null as varchar) as party_id,
        coalesce(bank_accounts.currency_code, organisations.base_currency) as currency_txn,
        4 as preference
    from {{ ref('stg_xero__bank_transfers') }} as transfers
    inner join organisations on transfers.connection_id = organisations.connection_id
    left join bank_accounts
        on transfers.connection_id = bank_accounts.connection_id and transfers.from_account_id = bank_accounts.account_id
    union all
    select
        journals.connection_id,
        journals.manual_journal_id as source_id,
        journals.manual_journal_id as document_id,
        'journal' as document_kind,
        journals.narration as document_number,
        cast(null as varchar) as party_id,
        organisations.base_currency as currency_txn,
        5 as preference
    from {{ ref('stg_xero__manual_journals') }} as journals
    inner join organisations on journals.connection_id = organisations.connection_id

),

-- A vendor may give a document and its bank transaction one identity: it is one source then.
final as (

    select
        connection_id,
        source_id,
        document_id,
        document_kind,
        document_number,
        party_id,
        currency_txn
    from sources
    where source_id is not null
    qualify row_number() over (partition by connection_id, source_id order by preference) = 1

)

select * from final
