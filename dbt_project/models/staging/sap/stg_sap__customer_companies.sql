with

source as (

    {{ completed_loads('sap', 'customer_companies') }}

),

renamed as (

    select
        connection_id,
        customer,
        company_code,
        reconciliation_account as account_code
    from source

)

select * from renamed
