with

source as (

    {{ completed_loads('sap', 'supplier_invoices') }}

),

renamed as (

    select
        connection_id,
        supplier_invoice,
        fiscal_year,
        company_code,
        document_date,
        posting_date,
        invoicing_party as supplier,
        supplier_invoice_id_by_invcg_party as document_number,
        supplier_invoice_status as status,
        coalesce(supplier_invoice_is_credit_memo, '') = 'X' as is_credit_memo,
        document_currency as currency_txn,
        invoice_gross_amount as total_txn,
        direct_quoted_exchange_rate,
        due_calculation_base_date as due_base_date,
        net_payment_days,
        creation_date,
        _page_id
    from source

)

select * from renamed
