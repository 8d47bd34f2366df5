with

source as (

    {{ completed_loads('planguru', 'cells') }}

),

renamed as (

    select
        connection_id,
        cell_id,
        company,
        scenario as version_name,
        lower(kind) as kind,
        fiscal_year,
        created_on as created_date,
        coalesce(is_locked, false) as is_locked,
        statement,
        department as department_name,
        class as class_name,
        category,
        account_code,
        measure as line_item,
        category_kind,
        span,
        period as first_month,
        {{ money('amount') }} as amount,
        currency,
        phasing,
        file_name,
        sheet_name,
        cell_address,
        _page_id
    from source

)

select * from renamed
