-- What was planned for each account of the profit and loss and month, by the month at whose closing that plan was known: a later version
-- counts from its own moment on. A what-if is no plan.
with

entities as (

    select * from {{ ref('dim_entity') }}

),

plans as (

    select
        plans.*,
        -- The first month of the year that the planned month is in.
        cast(
            plans.period_month - to_months(
                cast((month(plans.period_month) - coalesce(entities.fiscal_year_end_month, 12) + 11) % 12 as integer)
            ) as date
        ) as year_month
    from {{ ref('fct_plan_line') }} as plans
    inner join entities on plans.entity_id = entities.entity_id and plans.books_id = entities.connection_id
    where
        plans.is_followed
        and plans.plan_kind <> 'what_if'
        and plans.department_name = 'all'
        and plans.account_id is not null
        -- Thirteen periods a year are no months.
        and coalesce(entities.calendar_pattern, 'months') <> '13x4'

),

-- A version of which nobody says when it was made stands in the year 2000, or at the first day of the year that it plans: the original is
-- known when its year begins, for all is held to it from then on; when a later one was known cannot be said, and it counts nowhere.
moments as (

    select
        *,
        budget_updated_at >= timestamp '2001-01-01' and budget_updated_at <> cast(year_month as timestamp) as is_dated
    from plans

),

known as (

    select
        *,
        case
            when is_dated
                then
                    cast(
                        date_trunc('month', budget_updated_at - interval 1 day - interval {{ var('closing_days') }} day) as date
                    )
            else cast(year_month - interval 1 month as date)
        end as known_month
    from moments
    where is_dated or plan_kind = 'original'

),

final as (

    select
        concat_ws('|', books_id, entity_id, account_id) as account_key,
        entity_id,
        books_id as connection_id,
        account_id,
        period_month,
        known_month,
        connection_id as plan_connection_id,
        budget_id,
        amount_func,
        currency_func
    from known
    -- What is learned of a month once it has ended is no plan.
    where period_month > known_month
    qualify
        row_number() over (
            partition by books_id, entity_id, account_id, period_month, known_month order by budget_updated_at desc, budget_id desc
        ) = 1

)

select * from final
