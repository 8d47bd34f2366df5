with

source as (

    {{ completed_loads('xero', 'tax_rates') }}

),

renamed as (

    select
        connection_id,
        tax_type as tax_code,
        name as tax_name,
        lower(status) as status,
        report_tax_type,
        effective_rate as effective_rate_pct
    from source

)

select * from renamed
