with

cells as (

    select * from {{ ref('stg_adaptive__cells') }}

),

versions as (

    select * from {{ ref('stg_adaptive__versions') }}

),

accounts as (

    select * from {{ ref('stg_adaptive__accounts') }}

),

levels as (

    select * from {{ ref('stg_adaptive__levels') }}

),

periods as (

    select * from {{ ref('stg_adaptive__periods') }}
    where is_leaf

),

sellers as (

    select
        connection_id,
        value_name,
        min(email) as email
    from {{ ref('stg_adaptive__dimension_values') }}
    where dimension = 'seller'
    group by connection_id, value_name

),

-- A company is a level, and what lies below it are its departments; what lies on its own level belongs to none of them. Where no level is a
-- company all is that of the connection, and the level at the top belongs to no department.
placed as (

    select
        levels.connection_id,
        levels.level_id,
        levels.is_elimination,
        levels.company_level_id,
        companies.display_name as company_name,
        coalesce(companies.currency, levels.currency) as currency,
        case
            when levels.company_level_id is null and levels.parent_level_id is null then null
            when levels.company_level_id = levels.level_id then null
            else levels.display_name
        end as department_name
    from levels
    left join levels as companies on levels.connection_id = companies.connection_id and levels.company_level_id = companies.level_id

),

-- What was earned and spent is in the books, and the hub takes out by itself what consolidation takes out.
final as (

    select
        cells.connection_id,
        cells.cell_id,
        cells.version_id,
        cells.line_item,
        versions.version_name,
        cells.version_id || '|' || coalesce(placed.company_level_id, '') as plan_id,
        placed.company_name as org_unit_ref,
        placed.currency,
        coalesce(accounts.account_code, cells.account_code) as account_code,
        coalesce(accounts.account_name, cells.account_code) as account_name,
        placed.department_name,
        cells.product_name,
        cells.channel,
        coalesce(sellers.email, cells.seller) as seller,
        periods.period_month,
        cells.value,
        cells.amount,
        cells._page_id
    from cells
    inner join versions on cells.connection_id = versions.connection_id and cells.version_id = versions.version_id
    left join accounts on cells.connection_id = accounts.connection_id and cells.account_id = accounts.account_id
    left join placed on cells.connection_id = placed.connection_id and cells.level_id = placed.level_id
    left join periods on cells.connection_id = periods.connection_id and cells.period_code = periods.period_code
    left join sellers on cells.connection_id = sellers.connection_id and cells.seller = sellers.value_name
    where
        not coalesce(placed.is_elimination, false)
        and (cells.line_item <> 'amount' or coalesce(versions.version_type, '') <> 'actuals')

)

select * from final
