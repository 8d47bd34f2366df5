with

source as (

    {{ completed_loads('adaptive', 'cells') }}

),

renamed as (

    select
        connection_id,
        cell_id,
        version_id,
        account_id,
        level_id,
        account_code,
        lower(line_item) as line_item,
        product as product_name,
        channel,
        seller,
        period as period_code,
        value,
        {{ money('amount') }} as amount,
        _page_id
    from source

)

select * from renamed
