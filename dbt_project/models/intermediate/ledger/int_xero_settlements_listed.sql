-- Payments and set-offs of connections without journals, each with how much of its document has been settled before and with it.
-- A set-off settles two documents: it has a row for each.
with

organisations as (

    select * from {{ ref('stg_xero__organisation') }}
    where connection_id not in (select journals.connection_id from {{ ref('stg_xero__journals') }} as journals)

),

accounts as (

    select * from {{ ref('stg_xero__accounts') }}

),

items as (

    select
        connection_id,
        item_id,
        any_value(currency_txn) as currency_txn,
        any_value(party_id) as party_id,
        any_value(total_txn) as total_txn
    from {{ ref('int_xero_open_items_listed') }}
    group by connection_id, item_id

),

payments as (

    select
        payments.connection_id,
        payments.payment_id as journal_id,
        'payment' as source_table,
        coalesce(payments.invoice_id, payments.credit_note_id, payments.prepayment_id, payments.overpayment_id) as item_id,
        payments.payment_id as document_id,
        case
            when
                payments.payment_type in ('accrecpayment', 'apcreditpayment', 'apoverpaymentpayment', 'apprepaymentpayment')
                then 'payment_received'
            else 'payment_made'
        end as document_kind,
        payments.payment_type as document_type,
        coalesce(nullif(payments.reference, ''), payments.invoice_number) as document_number,
        payments.payment_date as settled_on,
        payments.amount_txn,
        -- What it takes from the control account, debit positive, where nobody knows the document.
        case
            when payments.payment_type in ('accrecpayment', 'apcreditpayment', 'apoverpaymentpayment', 'apprepaymentpayment') then -1
            else 1
        end as side,
        payments.payment_type like 'accrec%' or payments.payment_type like 'ar%' as is_receivable,
        payments.payment_type like '%prepayment%' as is_prepayment,
        payments.units_per_base,
        payments.bank_amount,
        coalesce(by_id.account_id, by_code.account_id) as bank_account_id,
        coalesce(payments.account_code, payments.account_id, 'the bank account') as bank_account_named,
        coalesce(by_id.currency_code, by_code.currency_code) as bank_currency,
        payments._page_id,
        payments._dlt_load_id
    from {{ ref('stg_xero__payments') }} as payments
    left join accounts as by_id on payments.connection_id = by_id.connection_id and payments.account_id = by_id.account_id
    left join accounts as by_code
        on
            payments.connection_id = by_code.connection_id
            and case when by_id.account_id is null then payments.account_code end = by_code.account_code
            and by_code.status = 'active'
    where payments.status = 'authorised'

),

allocated as (

    select
        allocations.connection_id,
        allocations.credit_note_id as source_id,
        allocations.invoice_id,
        allocations.allocation_date,
        allocations.amount_txn,
        notes.document_type = 'accreccredit' as is_receivable,
        notes.document_type,
        notes.credit_note_number as document_number,
        notes._page_id,
        notes._dlt_load_id
    from {{ ref('stg_xero__credit_note_allocations') }} as allocations
    inner join {{ ref('stg_xero__credit_notes') }} as notes
        on allocations.connection_id = notes.connection_id and allocations.credit_note_id = notes.credit_note_id
    where not allocations.is_deleted and notes.status in ('authorised', 'paid')
    union all
    select
        allocations.connection_id,
        allocations.prepayment_id as source_id,
        allocations.invoice_id,
        allocations.allocation_date,
        allocations.amount_txn,
        prepayments.document_type like 'receive%' or prepayments.document_type like 'ar%' as is_receivable,
        prepayments.document_type,
        coalesce(nullif(prepayments.reference, ''), prepayments.invoice_number) as document_number,
        prepayments._page_id,
        prepayments._dlt_load_id
    from {{ ref('stg_xero__prepayment_allocations') }} as allocations
    inner join {{ ref('stg_xero__prepayments') }} as prepayments
        on allocations.connection_id = prepayments.connection_id and allocations.prepayment_id = prepayments.prepayment_id
    where not allocations.is_deleted and prepayments.status in ('authorised', 'paid')
    union all
    select
        allocations.connection_id,
        allocations.overpayment_id as source_id,
        allocations.invoice_id,
        allocations.allocation_date,
        allocations.amount_txn,
        overpayments.document_type like 'receive%' or overpayments.document_type like 'ar%' as is_receivable,
        overpayments.document_type,
        overpayments.reference as document_number,
        overpayments._page_id,
        overpayments._dlt_load_id
    from {{ ref('stg_xero__overpayment_allocations') }} as allocations
    inner join {{ ref('stg_xero__overpayments') }} as overpayments
        on allocations.connection_id = overpayments.connection_id and allocations.overpayment_id = overpayments.overpayment_id
    where not allocations.is_deleted and overpayments.status in ('authorised', 'paid')

),

-- One journal for what is set off on one day, which takes from both documents.
allocations as (

    select
        connection_id,
        source_id || '|' || substr(md5(invoice_id || allocation_date), 1, 12) as journal_id,
        source_id,
        invoice_id,
        allocation_date as settled_on,
        any_value(is_receivable) as is_receivable,
        any_value(document_type) as document_type,
        any_value(document_number) as document_number,
        any_value(_page_id) as _page_id,
        any_value(_dlt_load_id) as _dlt_load_id,
        sum(amount_txn) as amount_txn
    from allocated
    group by connection_id, source_id, invoice_id, allocation_date

),

settlements as (

    select
        connection_id,
        journal_id,
        source_table,
        item_id,
        document_id,
        document_kind,
        document_type,
        document_number,
        settled_on,
        cast(amount_txn as decimal(38, 9)) as amount_txn,
        'paid' as part,
        side,
        is_receivable,
        is_prepayment,
        units_per_base,
        bank_amount,
        bank_account_id,
        bank_account_named,
        bank_currency,
        _page_id,
        _dlt_load_id
    from payments
    union all
    select
        allocations.connection_id,
        allocations.journal_id,
        'allocation' as source_table,
        unnest([allocations.source_id, allocations.invoice_id]) as item_id,
        allocations.source_id as document_id,
        'allocation' as document_kind,
        allocations.document_type,
        allocations.document_number,
        allocations.settled_on,
        cast(allocations.amount_txn as decimal(38, 9)) as amount_txn,
        unnest(['credit', 'invoice']) as part,
        unnest([1, -1]) * case when allocations.is_receivable then 1 else -1 end as side,
        allocations.is_receivable,
        false as is_prepayment,
        cast(null as decimal(38, 12)) as units_per_base,
        cast(null as decimal(38, 12)) as bank_amount,
        cast(null as varchar) as bank_account_id,
        cast(null as varchar) as bank_account_named,
        cast(null as varchar) as bank_currency,
        allocations._page_id,
        allocations._dlt_load_id
    from allocations

),

final as (

    select
        settlements.*,
        organisations.organisation_id as org_unit_id,
        organisations.base_currency,
        items.item_id is not null as is_known,
        coalesce(items.party_id, partners.party_id) as party_id,
        coalesce(items.currency_txn, case when coalesce(settlements.units_per_base, 1) = 1 then organisations.base_currency end)
            as currency_txn,
        abs(items.total_txn) as total_txn,
        sum(settlements.amount_txn) over (
            partition by settlements.connection_id, settlements.item_id
            order by settlements.settled_on, settlements.journal_id
        ) as settled_txn
    from settlements
    inner join organisations on settlements.connection_id = organisations.connection_id
    left join items on settlements.connection_id = items.connection_id and settlements.item_id = items.item_id
    left join items as partners
        on settlements.connection_id = partners.connection_id and settlements.document_id = partners.item_id

)

select * from final
