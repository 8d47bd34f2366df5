with

source as (

    {{ completed_loads('sap', 'internal_orders') }}

),

renamed as (

    select
        connection_id,
        internal_order as order_id,
        internal_order_description as order_name,
        company_code,
        coalesce(is_deleted, false) as is_deleted
    from source

)

select * from renamed
