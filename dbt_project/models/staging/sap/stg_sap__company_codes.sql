with

source as (

    {{ completed_loads('sap', 'company_codes') }}

),

renamed as (

    select
        connection_id,
        company_code,
        company_code_name,
        country as country_code,
        currency as currency_func,
        chart_of_accounts
    from source

)

select * from renamed
