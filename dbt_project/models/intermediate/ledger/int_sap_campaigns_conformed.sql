with

orders as (

    select * from {{ ref('stg_sap__internal_orders') }}

),

-- Internal orders stand for campaigns, in firms that keep them so.
final as (

    select
        connection_id,
        order_id as campaign_ref,
        order_name as campaign_name
    from orders
    where order_name is not null

)

select * from final
