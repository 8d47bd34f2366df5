with

variances as (

    select * from {{ ref('fct_variance') }}

),

notes as (

    select
        drivers.connection_id,
        drivers.account_id,
        drivers.period_month,
        drivers.comparison,
        array_to_string(
            list(
                {{ driver_name('drivers') }} || case when drivers.amount > 0 then ' +' else ' ' end
                || cast(cast(drivers.amount as decimal(20, 2)) as varchar)
                order by {{ driver_order('drivers') }}
            )[1:3],
            '; '
        ) as driver_note
    from {{ ref('variance_driver') }} as drivers
    where drivers.member_id is not null or drivers.dimension = 'none'
    group by drivers.connection_id, drivers.account_id, drivers.period_month, drivers.comparison

),

final as (

    select
        variances.*,
        notes.driver_note
    from variances
    left join notes
        on
            case when variances.department_name = 'all' then variances.connection_id end = notes.connection_id
            and variances.account_id = notes.account_id
            and variances.period_month = notes.period_month
            and variances.comparison = notes.comparison

)

select * from final
