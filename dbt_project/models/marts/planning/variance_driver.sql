with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

all_variances as (

    select variances.*
    from {{ ref('fct_variance') }} as variances
    cross join parameters
    where
        variances.is_closed_month
        and variances.period_month > parameters.closed_month - interval {{ var('variance_driver_months') }} month

),

variances as (

    select * from all_variances
    where department_name = 'all' and is_material

),

lines as (

    select
        lines.connection_id,
        lines.account_id,
        lines.period_month,
        lines.department_name,
        lines.product_ref,
        lines.party_id,
        parties.party_name,
        products.product_name,
        accounts.account_class,
        sum(lines.amount_func * accounts.natural_sign) as amount
    from {{ ref('fct_gl_line') }} as lines
    inner join {{ ref('dim_account') }} as accounts
        on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    left join {{ ref('dim_party') }} as parties on lines.connection_id = parties.connection_id and lines.party_id = parties.party_id
    left join {{ ref('dim_product') }} as products
        on lines.connection_id = products.connection_id and lines.product_ref = products.product_ref
    where accounts.is_profit_and_loss
    group by all

),

-- Whom an account deals with: customers for revenue, vendors for cost.
members as (

    select
        connection_id,
        account_id,
        period_month,
        'department' as dimension,
        department_name as member_id,
        department_name as member_name,
        amount
    from lines
    where department_name is not null
    union all
    select
        connection_id,
        account_id,
        period_month,
        'product' as dimension,
        product_ref as member_id,
        coalesce(product_name, product_ref) as member_name,
        amount
    from lines
    where product_ref is not null
    union all
    select
        connection_id,
        account_id,
        period_month,
        case account_class when 'revenue' then 'customer' else 'vendor' end as dimension,
        party_id as member_id,
        coalesce(party_name, party_id) as member_name,
        amount
    from lines
    where party_id is not null

),

-- A plan knows no customer, vendor or product: theirs is measured against what it was on average in the three months before.
bases as (

    select
        connection_id,
        account_id,
        period_month,
        comparison,
        period_month as base_month,
        3 as weight
    from variances
    union all
    select
        connection_id,
        account_id,
        period_month,
        comparison,
        cast(period_month - interval 1 year as date) as base_month,
        -3 as weight
    from variances
    where comparison = 'prior_year'
    union all
    select
        connection_id,
        account_id,
        period_month,
        comparison,
        cast(period_month - interval 1 month as date) as base_month,
        -3 as weight
    from variances
    where comparison = 'prior_period'
    union all
    select
        connection_id,
        account_id,
        period_month,
        comparison,
        unnest([
            cast(period_month - interval 1 month as date),
            cast(period_month - interval 2 month as date),
            cast(period_month - interval 3 month as date)
        ]) as base_month,
        -1 as weight
    from variances
    where comparison not in ('prior_year', 'prior_period')

),

-- Departments against their own plan, each with what all of them booked.
parts as (

    select
        *,
        sum(abs(actual)) over (partition by connection_id, account_id, period_month, comparison) as departments_actual
    from all_variances
    where department_name <> 'all' and comparison not in ('prior_year', 'prior_period')

),

planned_departments as (

    select distinct
        connection_id,
        account_id,
        period_month,
        comparison
    from parts

),

contributions as (

    select
        bases.connection_id,
        bases.account_id,
        bases.period_month,
        bases.comparison,
        members.dimension,
        case when bases.comparison in ('prior_year', 'prior_period') then bases.comparison else 'usual' end as measured_against,
        members.member_id,
        max(members.member_name) as member_name,
        cast(sum(members.amount * bases.weight) / 3 as decimal(20, 4)) as amount
    from bases
    inner join members
        on
            bases.connection_id = members.connection_id
            and bases.account_id = members.account_id
            and bases.base_month = members.period_month
    left join planned_departments
        on
            bases.connection_id = planned_departments.connection_id
            and bases.account_id = planned_departments.account_id
            and bases.period_month = planned_departments.period_month
            and bases.comparison = planned_departments.comparison
    where members.dimension <> 'department' or planned_departments.account_id is null
    group by all
    union all
    select
        parts.connection_id,
        parts.account_id,
        parts.period_month,
        parts.comparison,
        'department' as dimension,
        'plan' as measured_against,
        parts.department_name as member_id,
        parts.department_name as member_name,
        parts.variance_abs as amount
    from parts
    inner join variances
        on
            parts.connection_id = variances.connection_id
            and parts.account_id = variances.account_id
            and parts.period_month = variances.period_month
            and parts.comparison = variances.comparison
    -- A plan may name the department of what the books book without one: that tells nothing of who earned or spent it.
    where parts.departments_actual <> 0 or variances.actual = 0

),

ranked as (

    select
        *,
        row_number() over (
            partition by connection_id, account_id, period_month, comparison, dimension
            order by abs(amount) desc, member_id
        ) as contributor_rank
    from contributions
    where amount <> 0

),

largest as (

    select * from ranked
    where contributor_rank <= {{ var('variance_driver_members') }}

),

-- What the named ones leave over: the smaller ones, lines that name nobody, and what a plan differs from the usual.
rests as (

    select
        variances.connection_id,
        variances.account_id,
        variances.period_month,
        variances.comparison,
        largest.dimension,
        max(largest.measured_against) as measured_against,
        cast(null as varchar) as member_id,
        'rest' as member_name,
        cast(variances.variance_abs - sum(largest.amount) as decimal(20, 4)) as amount,
        max(largest.contributor_rank) + 1 as contributor_rank
    from variances
    inner join largest
        on
            variances.connection_id = largest.connection_id
            and variances.account_id = largest.account_id
            and variances.period_month = largest.period_month
            and variances.comparison = largest.comparison
    group by
        variances.connection_id, variances.account_id, variances.period_month, variances.comparison, variances.variance_abs,
        largest.dimension

),

drivers as (

    select * from largest
    union all by name
    select * from rests
    where amount <> 0
    union all by name
    select
        variances.connection_id,
        variances.account_id,
        variances.period_month,
        variances.comparison,
        'none' as dimension,
        cast(null as varchar) as measured_against,
        cast(null as varchar) as member_id,
        'rest' as member_name,
        variances.variance_abs as amount,
        1 as contributor_rank
    from variances
    left join largest
        on
            variances.connection_id = largest.connection_id
            and variances.account_id = largest.account_id
            and variances.period_month = largest.period_month
            and variances.comparison = largest.comparison
    where largest.account_id is null

),

final as (

    select
        variances.entity_id,
        drivers.connection_id,
        drivers.account_id,
        variances.account_code,
        variances.account_name,
        drivers.period_month,
        drivers.comparison,
        drivers.dimension,
        drivers.contributor_rank,
        drivers.member_id,
        drivers.member_name,
        drivers.measured_against,
        drivers.amount,
        variances.variance_abs,
        cast(drivers.amount * 100 / variances.variance_abs as decimal(20, 4)) as share_pct,
        cast(
            sum(drivers.amount) over (
                partition by drivers.connection_id, drivers.account_id, drivers.period_month, drivers.comparison, drivers.dimension
                order by drivers.contributor_rank
            ) * 100 / variances.variance_abs as decimal(20, 4)
        ) as cumulated_share_pct,
        variances.fav_unfav,
        variances.currency
    from drivers
    inner join variances
        on
            drivers.connection_id = variances.connection_id
            and drivers.account_id = variances.account_id
            and drivers.period_month = variances.period_month
            and drivers.comparison = variances.comparison

)

select * from final
