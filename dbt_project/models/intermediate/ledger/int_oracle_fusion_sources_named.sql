with

customers as (

    select * from {{ ref('int_oracle_fusion_customers_named') }}

),

suppliers as (

    select * from {{ ref('int_oracle_fusion_suppliers_named') }}

),

receivables as (

    select * from {{ ref('int_oracle_fusion_receivables_listed') }}

),

-- Whom a payment goes to is told by number, or by a name that only one has.
payees as (

    select
        connection_id,
        name_key,
        min(party_id) as party_id
    from (
        select
            connection_id,
            lower(trim(supplier_name)) as name_key,
            party_id,
            1 as precedence
        from suppliers
        union
        select
            connection_id,
            name_key,
            party_id,
            2 as precedence
        from customers
    ) as named
    where name_key is not null
    group by connection_id, name_key, precedence
    having count(distinct party_id) = 1
    qualify precedence = min(precedence) over (partition by connection_id, name_key)

),

invoices as (

    select
        invoices.connection_id,
        'invoice' as source_list,
        invoices.document_number,
        invoices.invoice_id as document_id,
        case
            when invoices.total_txn < 0 or regexp_matches(lower(invoices.invoice_type), 'credit|debit') then 'purchase_credit'
            else 'purchase'
        end as document_kind,
        coalesce(by_number.party_id, by_id.party_id) as party_id,
        invoices.invoice_date as document_date,
        invoices.legal_entity
    from {{ ref('stg_oracle_fusion__invoices') }} as invoices
    left join suppliers as by_number
        on invoices.connection_id = by_number.connection_id and invoices.supplier_number = by_number.supplier_number
    left join suppliers as by_id
        on invoices.connection_id = by_id.connection_id and invoices.supplier_id = by_id.supplier_id

),

payments as (

    select
        payments.connection_id,
        'payment' as source_list,
        payments.payment_number as document_number,
        payments.payment_id as document_id,
        'payment_made' as document_kind,
        coalesce(suppliers.party_id, payees.party_id) as party_id,
        payments.payment_date as document_date,
        payments.legal_entity
    from {{ ref('stg_oracle_fusion__payments') }} as payments
    left join suppliers
        on payments.connection_id = suppliers.connection_id and payments.supplier_number = suppliers.supplier_number
    left join payees
        on
            payments.connection_id = payees.connection_id
            and lower(trim(payments.payee)) = payees.name_key

),

transactions as (

    select
        receivables.connection_id,
        'transaction' as source_list,
        receivables.document_number,
        receivables.customer_transaction_id as document_id,
        case when receivables.is_credit then 'sale_credit' else 'sale' end as document_kind,
        customers.party_id,
        receivables.transaction_date as document_date,
        receivables.legal_entity
    from receivables
    left join customers
        on
            receivables.connection_id = customers.connection_id
            and receivables.customer_number is not distinct from customers.customer_number
            and receivables.customer_name is not distinct from customers.customer_name

),

receipts as (

    select
        receipts.connection_id,
        'receipt' as source_list,
        receipts.receipt_number as document_number,
        receipts.receipt_id as document_id,
        'payment_received' as document_kind,
        customers.party_id,
        receipts.receipt_date as document_date,
        receipts.legal_entity
    from {{ ref('stg_oracle_fusion__standard_receipts') }} as receipts
    left join customers
        on
            receipts.connection_id = customers.connection_id
            and receipts.customer_number is not distinct from customers.customer_number
            and receipts.customer_name is not distinct from customers.customer_name

),

named as (

    select * from invoices
    union all
    select * from payments
    union all
    select * from transactions
    union all
    select * from receipts

),

-- Journals name documents by number: one that several documents have leads nowhere.
final as (

    select
        *,
        count(*) over (partition by connection_id, source_list, document_number) = 1 as is_found_by_number
    from named

)

select * from final
