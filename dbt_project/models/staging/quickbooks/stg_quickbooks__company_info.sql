with

source as (

    {{ completed_loads('quickbooks', 'company_info') }}

),

renamed as (

    select
        connection_id,
        company_name,
        legal_name,
        upper(country) as country_code,
        fiscal_year_start_month
    from source

)

select * from renamed
