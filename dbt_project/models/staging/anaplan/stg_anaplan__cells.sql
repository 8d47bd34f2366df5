with

source as (

    {{ completed_loads('anaplan', 'cells') }}

),

renamed as (

    select
        connection_id,
        cell_id,
        listing,
        lower(line_item) as line_item,
        version as version_name,
        entity as entity_name,
        account as account_item,
        department as department_name,
        product as product_name,
        channel,
        seller,
        period,
        {{ anaplan_month('period') }} as period_month,
        value,
        {{ money('amount') }} as amount,
        _page_id
    from source

)

select * from renamed
