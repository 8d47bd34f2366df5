with

source as (

    {{ completed_loads('sap', 'billing_documents') }}

),

renamed as (

    select
        connection_id,
        billing_document,
        sd_document_category as document_category,
        company_code,
        fiscal_year,
        accounting_document
    from source

)

select * from renamed
