with

source as (

    {{ completed_loads('sap', 'gl_account_texts') }}

),

renamed as (

    select
        connection_id,
        chart_of_accounts || '|' || gl_account as account_id,
        language,
        coalesce(gl_account_long_name, gl_account_name) as account_name
    from source

)

select * from renamed
