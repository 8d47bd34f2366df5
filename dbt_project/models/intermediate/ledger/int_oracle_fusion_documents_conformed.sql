with

placed as (

    select * from {{ ref('int_oracle_fusion_sources_placed') }}

),

combinations as (

    select * from {{ ref('int_oracle_fusion_combinations_split') }}

),

partners as (

    select * from {{ ref('int_oracle_fusion_segment_values_named') }}
    where segment_role = 'intercompany'

),

invoice_installments as (

    select
        connection_id,
        invoice_id,
        coalesce(min(case when open_txn <> 0 then due_date end), max(due_date)) as due_date,
        sum(open_txn) as open_txn
    from {{ ref('stg_oracle_fusion__invoice_installments') }}
    group by connection_id, invoice_id

),

purchases as (

    select
        invoices.connection_id,
        'invoice' as source_list,
        invoices.invoice_id as document_id,
        invoices.invoice_type as document_type,
        invoices.combination_key,
        invoices.invoice_date as document_date,
        installments.due_date,
        invoices.currency_txn,
        invoices.total_txn,
        coalesce(installments.open_txn, invoices.total_txn - coalesce(invoices.paid_txn, 0)) as open_txn,
        invoices.func_per_txn,
        invoices.total_func,
        cast(null as decimal(38, 12)) as open_func,
        invoices.is_canceled as is_voided,
        coalesce(invoices.validation_status in ('not validated', 'never validated'), false) as is_draft,
        invoices.updated_at,
        invoices._page_id
    from {{ ref('stg_oracle_fusion__invoices') }} as invoices
    left join invoice_installments as installments
        on invoices.connection_id = installments.connection_id and invoices.invoice_id = installments.invoice_id

),

installments as (

    select
        connection_id,
        customer_transaction_id,
        coalesce(min(case when open_txn <> 0 then due_date end), max(due_date)) as due_date,
        sum(open_txn) as open_txn,
        sum(open_func) as open_func
    from {{ ref('stg_oracle_fusion__receivables_invoice_installments') }}
    group by connection_id, customer_transaction_id

),

distributions as (

    select
        connection_id,
        customer_transaction_id,
        min(combination_key) as combination_key,
        sum(amount_func) as amount_func
    from {{ ref('stg_oracle_fusion__receivables_invoice_distributions') }}
    where is_receivable
    group by connection_id, customer_transaction_id

),

sales as (

    select
        receivables.connection_id,
        'transaction' as source_list,
        receivables.customer_transaction_id as document_id,
        receivables.transaction_type as document_type,
        distributions.combination_key,
        receivables.transaction_date as document_date,
        coalesce(installments.due_date, receivables.due_date) as due_date,
        receivables.currency_txn,
        receivables.total_txn,
        coalesce(receivables.open_txn, installments.open_txn) as open_txn,
        receivables.func_per_txn,
        distributions.amount_func as total_func,
        case when coalesce(receivables.open_txn, installments.open_txn) = installments.open_txn then installments.open_func end
            as open_func,
        false as is_voided,
        not receivables.is_complete as is_draft,
        receivables.updated_at,
        receivables._page_id
    from {{ ref('int_oracle_fusion_receivables_listed') }} as receivables
    left join installments
        on
            receivables.connection_id = installments.connection_id
            and receivables.customer_transaction_id = installments.customer_transaction_id
    left join distributions
        on
            receivables.connection_id = distributions.connection_id
            and receivables.customer_transaction_id = distributions.customer_transaction_id

),

-- What was received and not applied yet is owed back: money on account.
on_account as (

    select
        connection_id,
        'receipt' as source_list,
        receipt_id as document_id,
        'Receipt' as document_type,
        cast(null as varchar) as combination_key,
        receipt_date as document_date,
        cast(null as date) as due_date,
        currency_txn,
        -amount_txn as total_txn,
        -unapplied_txn as open_txn,
        func_per_txn,
        -amount_func as total_func,
        cast(null as decimal(38, 12)) as open_func,
        false as is_voided,
        false as is_draft,
        updated_at,
        _page_id
    from {{ ref('stg_oracle_fusion__standard_receipts') }}
    where unapplied_txn > 0 and not is_reversed

),

documents as (

    select * from purchases
    union all
    select * from sales
    union all
    select * from on_account

),

judged as (

    select
        documents.* exclude (is_voided),
        placed.org_unit_id,
        placed.currency_func,
        placed.document_number,
        placed.party_id,
        case documents.source_list when 'receipt' then 'sale_credit' else placed.document_kind end as document_kind,
        -- Units of the ledger's currency for one of the document's own; where the document does not tell it, its journal does.
        case
            when documents.currency_txn = placed.currency_func then 1
            else coalesce(documents.func_per_txn, placed.func_per_txn)
        end as rate,
        coalesce(placed.missing_at >= documents.updated_at, false) as is_deleted,
        documents.is_voided or placed.is_undone as is_voided
    from documents
    inner join placed
        on
            documents.connection_id = placed.connection_id
            and documents.source_list = placed.source_list
            and documents.document_id = placed.document_id

),

-- Credits are negative at the vendor.
measured as (

    select
        judged.* exclude (open_txn, open_func),
        case when judged.document_kind in ('sale_credit', 'purchase_credit') then -1 else 1 end as side,
        case when judged.is_deleted or judged.is_voided or judged.is_draft then 0 else judged.open_txn end as open_txn,
        case when judged.is_deleted or judged.is_voided or judged.is_draft then 0 else judged.open_func end as open_func
    from judged

),

final as (

    select
        measured.connection_id,
        measured.org_unit_id,
        measured.document_id,
        measured.document_number,
        measured.document_kind,
        measured.document_type,
        measured.party_id,
        coalesce(partners.segment_value_name, combinations.intercompany) as partner_ref,
        measured.document_date,
        case when measured.side = 1 then measured.due_date end as due_date,
        measured.currency_txn,
        {{ money('measured.side * measured.total_txn') }} as total_txn,
        {{ money('measured.side * measured.open_txn') }} as open_txn,
        cast(
            measured.side * coalesce(
                measured.total_func, {{ posted('measured.total_txn * measured.rate', 'measured.currency_func') }}
            ) as decimal(20, 4)
        ) as total_func,
        cast(
            measured.side * coalesce(
                measured.open_func,
                case when measured.open_txn = measured.total_txn then measured.total_func end,
                {{ posted('measured.open_txn * measured.rate', 'measured.currency_func') }}
            ) as decimal(20, 4)
        ) as open_func,
        case
            when measured.is_deleted then 'deleted'
            when measured.is_voided then 'voided'
            when measured.is_draft then 'draft'
            when measured.open_txn <> 0 then 'open'
            else 'paid'
        end as status,
        measured.updated_at,
        measured._page_id
    from measured
    left join combinations
        on measured.connection_id = combinations.connection_id and measured.combination_key = combinations.combination_key
    left join partners
        on combinations.connection_id = partners.connection_id and combinations.intercompany = partners.segment_value

)

select * from final
