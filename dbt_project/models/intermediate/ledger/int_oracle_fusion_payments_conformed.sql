with

placed as (

    select * from {{ ref('int_oracle_fusion_sources_placed') }}

),

lines as (

    select * from {{ ref('int_oracle_fusion_gl_lines_conformed') }}

),

accounts as (

    select * from {{ ref('int_oracle_fusion_accounts_conformed') }}

),

combinations as (

    select * from {{ ref('int_oracle_fusion_combinations_split') }}

),

-- The only invoice that a payment paid.
paid as (

    select
        connection_id,
        payment_id,
        min(invoice_id) as invoice_id
    from {{ ref('stg_oracle_fusion__payment_invoices') }}
    group by connection_id, payment_id
    having count(distinct invoice_id) = 1

),

transactions as (

    select * from {{ ref('int_oracle_fusion_sources_named') }}
    where source_list = 'transaction' and is_found_by_number

),

settled as (

    select
        receipt_references.connection_id,
        receipt_references.receipt_id,
        min(transactions.document_id) as document_id
    from {{ ref('stg_oracle_fusion__receipt_references') }} as receipt_references
    inner join transactions
        on
            receipt_references.connection_id = transactions.connection_id
            and receipt_references.document_number = transactions.document_number
    group by receipt_references.connection_id, receipt_references.receipt_id
    having count(distinct transactions.document_id) = 1

),

-- Receipts do not tell an account: their journals do.
banked as (

    select
        lines.connection_id,
        lines.document_id,
        min(lines.account_id) as account_id
    from lines
    inner join accounts on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    where accounts.system_role = 'bank' and lines.document_kind in ('payment_received', 'payment_made')
    group by lines.connection_id, lines.document_id

),

payments as (

    select
        payments.connection_id,
        'payment' as source_list,
        payments.payment_id,
        -- A supplier that pays back is paid a negative amount.
        case when payments.amount_txn < 0 then 'received' else 'made' end as payment_kind,
        payments.payment_date,
        paid.invoice_id as document_id,
        combinations.account_id,
        payments.currency_txn,
        payments.amount_txn,
        payments.amount_func,
        payments.func_per_txn,
        payments.is_voided,
        payments.updated_at
    from {{ ref('stg_oracle_fusion__payments') }} as payments
    left join paid on payments.connection_id = paid.connection_id and payments.payment_id = paid.payment_id
    left join combinations
        on payments.connection_id = combinations.connection_id and payments.combination_key = combinations.combination_key
    union all
    select
        receipts.connection_id,
        'receipt' as source_list,
        receipts.receipt_id as payment_id,
        case when receipts.amount_txn < 0 then 'made' else 'received' end as payment_kind,
        receipts.receipt_date as payment_date,
        settled.document_id,
        cast(null as varchar) as account_id,
        receipts.currency_txn,
        receipts.amount_txn,
        receipts.amount_func,
        receipts.func_per_txn,
        receipts.is_reversed as is_voided,
        receipts.updated_at
    from {{ ref('stg_oracle_fusion__standard_receipts') }} as receipts
    left join settled on receipts.connection_id = settled.connection_id and receipts.receipt_id = settled.receipt_id

),

final as (

    select
        payments.connection_id,
        placed.org_unit_id,
        payments.payment_id,
        payments.payment_kind,
        payments.payment_date,
        payments.document_id,
        coalesce(payments.account_id, banked.account_id) as bank_account_id,
        payments.currency_txn,
        {{ money('abs(payments.amount_txn)') }} as amount_txn,
        abs(
            coalesce(
                {{ money('payments.amount_func') }},
                {{ posted(
                    'payments.amount_txn * case when payments.currency_txn = placed.currency_func then 1 '
                    'else coalesce(payments.func_per_txn, placed.func_per_txn) end',
                    'placed.currency_func'
                ) }}
            )
        ) as amount_func,
        case
            when coalesce(placed.missing_at >= payments.updated_at, false) then 'deleted'
            when payments.is_voided then 'voided'
            else 'authorised'
        end as status
    from payments
    inner join placed
        on
            payments.connection_id = placed.connection_id
            and payments.source_list = placed.source_list
            and payments.payment_id = placed.document_id
    left join banked on payments.connection_id = banked.connection_id and payments.payment_id = banked.document_id

)

select * from final
