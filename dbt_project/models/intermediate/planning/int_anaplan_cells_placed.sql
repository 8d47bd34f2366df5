with

cells as (

    select * from {{ ref('stg_anaplan__cells') }}

),

versions as (

    select * from {{ ref('stg_anaplan__versions') }}

),

items as (

    select * from {{ ref('stg_anaplan__list_items') }}

),

parents as (

    select distinct
        connection_id,
        parent_item_id as item_id
    from items
    where parent_item_id is not null

),

-- A roll-up may be an item of the same list, or of a list above it that the view shows, too.
placed as (

    select
        items.*,
        parents.item_id is not null as is_rollup
    from items
    left join parents on items.connection_id = parents.connection_id and items.item_id = parents.item_id
    where items.dimension is not null

),

final as (

    select
        cells.connection_id,
        cells.cell_id,
        cells.listing,
        cells.line_item,
        cells.version_name,
        versions.version_id || '|' || coalesce(entities.item_code, cells.entity_name, '') as plan_id,
        cells.entity_name as org_unit_ref,
        entities.currency,
        coalesce(accounts.item_code, cells.account_item) as account_code,
        case
            when starts_with(accounts.item_name, accounts.item_code || ' ')
                then substr(accounts.item_name, length(accounts.item_code) + 2)
            else cells.account_item
        end as account_name,
        cells.department_name,
        cells.product_name,
        cells.channel,
        coalesce(sellers.email, cells.seller) as seller,
        cells.period_month,
        cells.value,
        cells.amount,
        cells._page_id
    from cells
    left join versions on cells.connection_id = versions.connection_id and cells.version_name = versions.version_name
    left join placed as entities
        on cells.connection_id = entities.connection_id and cells.entity_name = entities.item_name and entities.dimension = 'entity'
    left join placed as accounts
        on cells.connection_id = accounts.connection_id and cells.account_item = accounts.item_name and accounts.dimension = 'account'
    left join placed as departments
        on
            cells.connection_id = departments.connection_id
            and cells.department_name = departments.item_name
            and departments.dimension = 'department'
    left join placed as products
        on cells.connection_id = products.connection_id and cells.product_name = products.item_name and products.dimension = 'product'
    left join placed as channels
        on cells.connection_id = channels.connection_id and cells.channel = channels.item_name and channels.dimension = 'channel'
    left join placed as sellers
        on cells.connection_id = sellers.connection_id and cells.seller = sellers.item_name and sellers.dimension = 'seller'
    where
        not coalesce(entities.is_rollup, false)
        and not coalesce(accounts.is_rollup, false)
        and not coalesce(departments.is_rollup, false)
        and not coalesce(products.is_rollup, false)
        and not coalesce(channels.is_rollup, false)
        and not coalesce(sellers.is_rollup, false)
        and (cells.period is null or cells.period_month is not null)
        and versions.formula is null

)

select * from final
