with

source as (

    {{ completed_loads('vena', 'cells') }}

),

renamed as (

    select
        connection_id,
        cell_id,
        account as account_member,
        entity as entity_member,
        scenario as scenario_name,
        department as department_member,
        product as product_member,
        channel as channel_member,
        seller as seller_member,
        coalesce(lower(currency), 'local') as currency_member,
        coalesce(lower(measure), 'value') as measure,
        cast(fiscal_year as integer) as fiscal_year,
        period_month,
        value,
        {{ money('amount') }} as amount,
        _page_id
    from source

)

select * from renamed
