with

source as (

    {{ completed_loads('sap', 'gl_account_line_items') }}

),

renamed as (

    select
        connection_id,
        source_ledger,
        ledger,
        company_code,
        fiscal_year,
        accounting_document,
        ledger_gl_line_item,
        accounting_document_item,
        cast(fiscal_period as integer) as fiscal_period,
        posting_date,
        document_date,
        creation_date_time as created_at,
        accounting_doc_created_by_user as created_by,
        accounting_document_type as document_type,
        reference_document_type,
        reference_document_context,
        reference_document,
        coalesce(is_reversal, false) as is_reversal,
        coalesce(is_reversed, false) as is_reversed,
        reversal_reference_document_cntxt as reversed_document_context,
        reversal_reference_document as reversed_document,
        chart_of_accounts,
        chart_of_accounts || '|' || gl_account as account_id,
        gl_account as account_code,
        financial_account_type,
        transaction_currency as currency_txn,
        amount_in_transaction_currency as amount_txn,
        company_code_currency as currency_func,
        amount_in_company_code_currency as amount_func,
        controlling_area,
        cost_center,
        order_id,
        partner_company,
        customer,
        supplier,
        coalesce(sold_product, product) as product,
        tax_code,
        document_item_text as description,
        assignment_reference,
        _page_id,
        _dlt_load_id
    from source

)

select * from renamed
