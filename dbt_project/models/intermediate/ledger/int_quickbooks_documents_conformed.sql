with

transactions as (

    select * from {{ ref('int_quickbooks_transactions_listed') }}

),

settlements as (

    select
        connection_id,
        ledger,
        linked_type,
        linked_id,
        sum(amount_txn) as amount_txn
    from {{ ref('int_quickbooks_settlements_listed') }}
    group by connection_id, ledger, linked_type, linked_id

),

-- What a payment leaves, and what entries post to control accounts themselves: QuickBooks tells no open amount of these.
on_account as (

    select
        legs.connection_id,
        legs.transaction_type,
        legs.transaction_id,
        transactions.ledger,
        cast(null as varchar) as party_id,
        legs.amount_txn
    from {{ ref('int_quickbooks_settlement_legs_derived') }} as legs
    inner join transactions
        on
            legs.connection_id = transactions.connection_id
            and legs.transaction_type = transactions.transaction_type
            and legs.transaction_id = transactions.transaction_id
    where legs.role = 'unapplied'
    union all
    select
        connection_id,
        transaction_type,
        transaction_id,
        ledger,
        party_id,
        amount_txn
    from {{ ref('int_quickbooks_open_entries_listed') }}

),

remaining as (

    select
        on_account.connection_id,
        on_account.transaction_type,
        on_account.transaction_id,
        on_account.ledger,
        on_account.party_id,
        on_account.amount_txn,
        on_account.amount_txn + coalesce(settlements.amount_txn, 0) as remaining_txn
    from on_account
    left join settlements
        on
            on_account.connection_id = settlements.connection_id
            and on_account.transaction_type = settlements.linked_type
            and on_account.transaction_id = settlements.linked_id
            and on_account.ledger = settlements.ledger

),

documents as (

    select
        connection_id,
        transaction_type,
        transaction_id,
        document_kind,
        party_id,
        total_txn,
        case when is_voided then 0 else open_txn end as remaining_txn
    from transactions
    where transaction_type in ('Invoice', 'CreditMemo', 'Bill', 'VendorCredit')
    union all
    select
        connection_id,
        transaction_type,
        transaction_id,
        case
            when ledger = 'receivable' and remaining_txn > 0 then 'sale'
            when ledger = 'receivable' then 'sale_credit'
            when remaining_txn < 0 then 'purchase'
            else 'purchase_credit'
        end as document_kind,
        party_id,
        abs(amount_txn) as total_txn,
        abs(remaining_txn) as remaining_txn
    from remaining
    where remaining_txn <> 0

),

named as (

    select
        documents.connection_id,
        transactions.org_unit_id,
        documents.transaction_id,
        transactions.transaction_number,
        documents.document_kind,
        documents.transaction_type,
        coalesce(transactions.party_id, documents.party_id) as party_id,
        transactions.posting_date,
        case when documents.transaction_type in ('Invoice', 'Bill') then transactions.due_date end as due_date,
        transactions.currency_txn,
        transactions.currency_func,
        cast(documents.total_txn as decimal(20, 6)) as total_txn,
        cast(documents.remaining_txn as decimal(20, 6)) as remaining_txn,
        cast(transactions.func_per_txn as decimal(18, 12)) as func_per_txn,
        transactions.is_voided,
        transactions.updated_at,
        transactions._page_id
    from documents
    inner join transactions
        on
            documents.connection_id = transactions.connection_id
            and documents.transaction_type = transactions.transaction_type
            and documents.transaction_id = transactions.transaction_id

),

final as (

    select
        connection_id,
        org_unit_id,
        transaction_id as document_id,
        transaction_number as document_number,
        document_kind,
        transaction_type as document_type,
        party_id,
        cast(null as varchar) as partner_ref,
        posting_date as document_date,
        due_date,
        currency_txn,
        {{ money('total_txn') }} as total_txn,
        {{ money('remaining_txn') }} as open_txn,
        {{ posted('total_txn * func_per_txn', 'currency_func') }} as total_func,
        {{ posted('remaining_txn * func_per_txn', 'currency_func') }} as open_func,
        case
            when is_voided then 'voided'
            when remaining_txn <> 0 then 'open'
            else 'paid'
        end as status,
        updated_at,
        _page_id
    from named

)

select * from final
