with

cells as (

    select * from {{ ref('stg_vena__cells') }}

),

-- A member may be below several parents; its alias is the same below each.
members as (

    select
        connection_id,
        coordinate,
        member_name,
        max(member_alias) as member_alias,
        string_agg(lower(parent_name), ' | ' order by parent_name) as parent_names
    from {{ ref('stg_vena__members') }}
    where coordinate is not null
    group by connection_id, coordinate, member_name

),

-- What a scenario is tells the member above it, else its own name.
scenarios as (

    select
        connection_id,
        member_name as scenario_name,
        case
            when lower(member_name) like 'actual%' then 'actual'
            when parent_names like '%what%if%' then 'scenario'
            when parent_names like '%forecast%' then 'forecast'
            when parent_names like '%budget%' or parent_names like '%plan%' then 'budget'
            when lower(member_name) like '%forecast%' then 'forecast'
            when lower(member_name) like '%budget%' or lower(member_name) like '%plan%' then 'budget'
            else 'scenario'
        end as scenario
    from members
    where coordinate = 'scenario'

),

-- Accounts that are none of the ledger have the hub's names. Amounts stand once in the own currency, and may stand again in others;
-- those of actuals are copies of the ledger.
named as (

    select
        cells.*,
        scenarios.scenario,
        case
            when
                lower(cells.account_member) in (
                    'headcount', 'volume', 'price', 'revenue target', 'cac target', 'roi target', 'quota', 'created on', 'locked'
                )
                then lower(cells.account_member)
            when scenarios.scenario = 'actual' then 'actual amount'
            else 'amount'
        end as line_item
    from cells
    left join scenarios on cells.connection_id = scenarios.connection_id and cells.scenario_name = scenarios.scenario_name
    where cells.currency_member = 'local' and cells.measure = 'value'

),

-- A plan is a scenario of a year; actuals are of all years, and targets are no version of a plan.
final as (

    select
        named.connection_id,
        named.cell_id,
        named.line_item,
        named.scenario,
        case when named.scenario <> 'actual' then named.fiscal_year end as fiscal_year,
        case when named.scenario = 'actual' then named.scenario_name else concat_ws(' ', named.scenario_name, named.fiscal_year) end
            as version_name,
        case
            when named.line_item not in ('revenue target', 'cac target', 'roi target', 'quota')
                then concat_ws(
                    '|',
                    named.scenario_name,
                    coalesce(case when named.scenario <> 'actual' then cast(named.fiscal_year as varchar) end, ''),
                    coalesce(named.entity_member, '')
                )
        end as plan_id,
        coalesce(entities.member_alias, named.entity_member) as org_unit_ref,
        cast(null as varchar) as currency,
        case when named.line_item in ('amount', 'actual amount') then named.account_member end as account_code,
        coalesce(accounts.member_alias, named.account_member) as account_name,
        coalesce(departments.member_alias, named.department_member) as department_name,
        coalesce(products.member_alias, named.product_member) as product_name,
        named.channel_member as channel,
        lower(named.seller_member) as seller,
        named.period_month,
        named.value,
        named.amount,
        named._page_id
    from named
    left join members as entities
        on named.connection_id = entities.connection_id and named.entity_member = entities.member_name and entities.coordinate = 'entity'
    left join members as accounts
        on named.connection_id = accounts.connection_id and named.account_member = accounts.member_name and accounts.coordinate = 'account'
    left join members as departments
        on
            named.connection_id = departments.connection_id
            and named.department_member = departments.member_name
            and departments.coordinate = 'department'
    left join members as products
        on named.connection_id = products.connection_id and named.product_member = products.member_name and products.coordinate = 'product'

)

select * from final
