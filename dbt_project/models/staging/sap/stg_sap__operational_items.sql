with

source as (

    {{ completed_loads('sap', 'operational_items') }}

),

renamed as (

    select
        connection_id,
        company_code,
        fiscal_year,
        accounting_document,
        accounting_document_item,
        company_code || '|' || fiscal_year || '|' || accounting_document as journal_id,
        accounting_document_type as document_type,
        posting_date,
        document_date,
        coalesce(last_change_date, accounting_document_creation_date) as updated_date,
        financial_account_type,
        posting_key,
        gl_account as account_code,
        customer,
        supplier,
        partner_company,
        coalesce(is_cleared, false) as is_cleared,
        company_code || '|' || clearing_doc_fiscal_year || '|' || clearing_accounting_document as clearing_journal_id,
        coalesce(is_reversal, false) as is_reversal,
        coalesce(is_reversed, false) as is_reversed,
        company_code || '|' || reverse_document_fiscal_year || '|' || reverse_document as reverse_journal_id,
        company_code || '|' || invoice_reference_fiscal_year || '|' || invoice_reference as invoice_journal_id,
        net_due_date as due_date,
        transaction_currency as currency_txn,
        amount_in_transaction_currency as amount_txn,
        company_code_currency as currency_func,
        amount_in_company_code_currency as amount_func,
        exchange_rate,
        exchange_rate_date,
        document_reference_id as document_number,
        document_item_text as description,
        reference_document_type,
        original_reference_document,
        billing_document,
        _page_id
    from source

)

select * from renamed
