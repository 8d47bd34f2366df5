with

source as (

    {{ completed_loads('sap', 'supplier_companies') }}

),

renamed as (

    select
        connection_id,
        supplier,
        company_code,
        reconciliation_account as account_code
    from source

)

select * from renamed
