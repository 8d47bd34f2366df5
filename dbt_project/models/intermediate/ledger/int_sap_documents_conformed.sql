with

items as (

    select * from {{ ref('int_sap_open_items_listed') }}

),

open_items as (

    select * from items
    where not is_cleared and not is_voided

),

-- An open item that refers to an open invoice takes from what is open of it.
referring as (

    select
        open_items.connection_id,
        open_items.document_id,
        min(invoices.document_id) as invoice_document_id,
        any_value(open_items.amount_txn) as amount_txn,
        any_value(open_items.amount_func) as amount_func
    from open_items
    inner join open_items as invoices
        on
            open_items.connection_id = invoices.connection_id
            and open_items.invoice_journal_id = invoices.journal_id
            and open_items.financial_account_type = invoices.financial_account_type
            and open_items.document_id <> invoices.document_id
    group by open_items.connection_id, open_items.document_id

),

taken as (

    select
        connection_id,
        invoice_document_id as document_id,
        sum(amount_txn) as amount_txn,
        sum(amount_func) as amount_func
    from referring
    group by connection_id, invoice_document_id

),

measured as (

    select
        items.*,
        case
            when items.is_cleared or items.is_voided or referring.document_id is not null then 0
            else items.amount_txn + coalesce(taken.amount_txn, 0)
        end as open_txn,
        case
            when items.is_cleared or items.is_voided or referring.document_id is not null then 0
            else items.amount_func + coalesce(taken.amount_func, 0)
        end as open_func
    from items
    left join referring on items.connection_id = referring.connection_id and items.document_id = referring.document_id
    left join taken on items.connection_id = taken.connection_id and items.document_id = taken.document_id

),

posted as (

    select
        connection_id,
        company_code as org_unit_id,
        document_id,
        coalesce(document_number, accounting_document) as document_number,
        case
            when financial_account_type = 'D' then case when amount_func >= 0 then 'sale' else 'sale_credit' end
            when amount_func <= 0 then 'purchase'
            else 'purchase_credit'
        end as document_kind,
        document_type,
        party_id,
        partner_company as partner_ref,
        coalesce(posting_date, document_date) as document_date,
        due_date,
        currency_txn,
        {{ money('abs(amount_txn)') }} as total_txn,
        {{ money('abs(open_txn)') }} as open_txn,
        {{ money('abs(amount_func)') }} as total_func,
        {{ money('abs(open_func)') }} as open_func,
        case when is_voided then 'voided' when open_func <> 0 then 'open' else 'paid' end as status,
        cast(updated_date as timestamp) as updated_at,
        _page_id
    from measured
    -- A payment is a document here only while it waits for what it pays: money on account.
    where not is_payment or open_func <> 0

),

suppliers as (

    select * from {{ ref('int_sap_party_numbers_listed') }}
    where account_type = 'K'

),

-- Supplier invoices that are parked or held owe nothing yet.
parked as (

    select
        invoices.connection_id,
        invoices.company_code as org_unit_id,
        'RMRP|' || invoices.fiscal_year || '|' || invoices.supplier_invoice as document_id,
        coalesce(invoices.document_number, invoices.supplier_invoice) as document_number,
        case when invoices.is_credit_memo then 'purchase_credit' else 'purchase' end as document_kind,
        'RE' as document_type,
        suppliers.party_id,
        cast(null as varchar) as partner_ref,
        coalesce(invoices.posting_date, invoices.document_date) as document_date,
        invoices.due_base_date + cast(coalesce(invoices.net_payment_days, 0) as integer) as due_date,
        invoices.currency_txn,
        {{ money('invoices.total_txn') }} as total_txn,
        cast(0 as decimal(20, 4)) as open_txn,
        -- Its worth in the books is known once it is posted.
        cast(0 as decimal(20, 4)) as total_func,
        cast(0 as decimal(20, 4)) as open_func,
        'draft' as status,
        cast(invoices.creation_date as timestamp) as updated_at,
        invoices._page_id
    from {{ ref('stg_sap__supplier_invoices') }} as invoices
    left join suppliers on invoices.connection_id = suppliers.connection_id and invoices.supplier = suppliers.party_number
    where invoices.status in ('A', 'B', 'C', 'D', 'E')

),

final as (

    select * from posted
    union all
    select * from parked

)

select * from final
