with

cells as (

    select * from {{ ref('int_anaplan_cells_placed') }}

),

final as (

    select
        connection_id,
        org_unit_ref,
        case line_item
            when 'revenue target' then 'revenue'
            when 'cac target' then 'cac'
            when 'roi target' then 'roi'
            when 'quota' then 'quota'
        end as metric,
        case
            when seller is not null then 'seller'
            when channel is not null then 'channel'
            when product_name is not null then 'product'
            when line_item = 'roi target' then 'campaign'
            else 'entity'
        end as scope,
        coalesce(seller, channel, product_name) as scope_ref,
        period_month,
        amount,
        case when line_item <> 'roi target' then currency end as currency
    from cells
    where line_item in ('revenue target', 'cac target', 'roi target', 'quota') and period_month is not null and amount is not null

)

select * from final
