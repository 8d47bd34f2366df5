-- Why revenue is not what was planned: prices, volumes, and which products they were of.
with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

drivers as (

    select
        entity_id,
        connection_id,
        budget_id,
        scenario,
        budget_updated_at,
        product_name,
        period_month,
        max(amount) filter (where driver = 'volume') as quantity,
        max(amount) filter (where driver = 'price') as price
    from {{ ref('fct_plan_driver') }}
    where driver in ('volume', 'price') and product_name is not null
    group by entity_id, connection_id, budget_id, scenario, budget_updated_at, product_name, period_month

),

actuals as (

    select
        drivers.entity_id,
        drivers.product_name,
        drivers.period_month,
        drivers.quantity,
        drivers.price
    from drivers
    cross join parameters
    where drivers.scenario = 'actual' and drivers.quantity <> 0 and drivers.period_month <= parameters.closed_month

),

{{ plans_compared_with() }}

planned as (

    select
        drivers.entity_id,
        drivers.product_name,
        drivers.period_month,
        compared_with.comparison,
        drivers.quantity,
        drivers.price
    from drivers
    inner join compared_with
        on
            drivers.entity_id = compared_with.entity_id
            and drivers.connection_id = compared_with.connection_id
            and drivers.budget_id = compared_with.budget_id
            and drivers.period_month = compared_with.period_month
    where drivers.quantity <> 0

),

-- Months of which both are known.
months as (

    select distinct
        planned.entity_id,
        planned.period_month,
        planned.comparison
    from planned
    inner join actuals on planned.entity_id = actuals.entity_id and planned.period_month = actuals.period_month

),

sold as (

    select
        months.comparison,
        actuals.*
    from actuals
    inner join months on actuals.entity_id = months.entity_id and actuals.period_month = months.period_month

),

expected as (

    select planned.*
    from planned
    inner join months
        on
            planned.entity_id = months.entity_id
            and planned.period_month = months.period_month
            and planned.comparison = months.comparison

),

paired as (

    select
        coalesce(sold.entity_id, expected.entity_id) as entity_id,
        coalesce(sold.period_month, expected.period_month) as period_month,
        coalesce(sold.comparison, expected.comparison) as comparison,
        coalesce(sold.product_name, expected.product_name) as product_name,
        sold.quantity as actual_quantity,
        sold.price as actual_price,
        expected.quantity as budget_quantity,
        expected.price as budget_price,
        {{ money('coalesce(sold.quantity * sold.price, 0)') }} as actual,
        {{ money('coalesce(expected.quantity * expected.price, 0)') }} as budget,
        sold.quantity is not null and expected.quantity is not null as is_common
    from sold
    full outer join expected
        on
            sold.entity_id = expected.entity_id
            and sold.period_month = expected.period_month
            and sold.comparison = expected.comparison
            and sold.product_name = expected.product_name

),

summed as (

    select
        *,
        sum(actual_quantity) filter (where is_common) over whole as whole_actual_quantity,
        sum(budget_quantity) filter (where is_common) over whole as whole_budget_quantity
    from paired
    window whole as (partition by entity_id, period_month, comparison)

),

-- New products have no planned price, lost ones no actual quantity: neither is divided by nothing.
parted as (

    select
        *,
        {{ money('case when is_common then (actual_price - budget_price) * actual_quantity else 0 end') }} as price_effect,
        case
            when is_common then {{ apportioned('budget', 'whole_actual_quantity - whole_budget_quantity', 'whole_budget_quantity') }}
            else 0
        end as quantity_effect,
        cast(case when budget_quantity is null then actual else 0 end as decimal(20, 4)) as new_effect,
        cast(case when actual_quantity is null then -budget else 0 end as decimal(20, 4)) as lost_effect
    from summed

),

products as (

    select
        *,
        -- What is left of a product is its share in all: as small a rest as rounding makes is in it.
        cast(case when is_common then actual - budget - price_effect - quantity_effect else 0 end as decimal(20, 4)) as mix_effect
    from parted

),

revenue as (

    select
        entity_id,
        period_month,
        comparison,
        sum(actual) as actual,
        sum(coalesce(budget, 0)) as budget
    from {{ ref('fct_variance') }}
    where department_name = 'all' and account_class = 'revenue'
    group by entity_id, period_month, comparison

),

rows_of_products as (

    select
        entity_id,
        period_month,
        comparison,
        product_name,
        actual_quantity,
        budget_quantity,
        actual_price,
        budget_price,
        actual,
        budget,
        price_effect,
        quantity_effect,
        mix_effect,
        new_effect,
        lost_effect,
        cast(0 as decimal(20, 4)) as other_effect
    from products
    union all
    select
        revenue.entity_id,
        revenue.period_month,
        revenue.comparison,
        'other' as product_name,
        cast(null as decimal(20, 4)) as actual_quantity,
        cast(null as decimal(20, 4)) as budget_quantity,
        cast(null as decimal(20, 4)) as actual_price,
        cast(null as decimal(20, 4)) as budget_price,
        cast(revenue.actual - totals.actual as decimal(20, 4)) as actual,
        cast(revenue.budget - totals.budget as decimal(20, 4)) as budget,
        cast(0 as decimal(20, 4)) as price_effect,
        cast(0 as decimal(20, 4)) as quantity_effect,
        cast(0 as decimal(20, 4)) as mix_effect,
        cast(0 as decimal(20, 4)) as new_effect,
        cast(0 as decimal(20, 4)) as lost_effect,
        cast(revenue.actual - totals.actual - revenue.budget + totals.budget as decimal(20, 4)) as other_effect
    from revenue
    inner join (
        select
            entity_id,
            period_month,
            comparison,
            sum(actual) as actual,
            sum(budget) as budget
        from products
        group by entity_id, period_month, comparison
    ) as totals
        on
            revenue.entity_id = totals.entity_id
            and revenue.period_month = totals.period_month
            and revenue.comparison = totals.comparison

),

final as (

    select
        rows_of_products.entity_id,
        rows_of_products.period_month,
        rows_of_products.comparison,
        rows_of_products.product_name,
        rows_of_products.actual_quantity,
        rows_of_products.budget_quantity,
        rows_of_products.actual_price,
        rows_of_products.budget_price,
        rows_of_products.actual,
        rows_of_products.budget,
        cast(rows_of_products.actual - rows_of_products.budget as decimal(20, 4)) as variance_abs,
        rows_of_products.price_effect,
        rows_of_products.quantity_effect,
        rows_of_products.mix_effect,
        rows_of_products.new_effect,
        rows_of_products.lost_effect,
        rows_of_products.other_effect,
        entities.currency_func as currency
    from rows_of_products
    inner join {{ ref('dim_entity') }} as entities on rows_of_products.entity_id = entities.entity_id

)

select * from final
