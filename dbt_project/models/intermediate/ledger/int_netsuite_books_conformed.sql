with

subsidiaries as (

    select * from {{ ref('stg_netsuite__subsidiary') }}
    where not is_elimination

),

currencies as (

    select * from {{ ref('stg_netsuite__currency') }}

),

connections as (

    select * from {{ ref('stg_hub__connections') }}
    where system = 'netsuite'

),

periods as (

    select * from {{ ref('stg_netsuite__accountingperiod') }}

),

years as (

    select
        connection_id,
        max(end_date) as year_end_date
    from periods
    where is_year
    group by connection_id

),

-- Closed up to the day before the first month that is still open.
locks as (

    select
        connection_id,
        case when bool_or(is_closed) then min(case when not is_closed then start_date end) - 1 end as locked_until_date
    from periods
    where is_posting and not is_adjustment
    group by connection_id

),

-- An account without subsidiaries has one set of books, in its base currency.
units as (

    select
        subsidiaries.connection_id,
        subsidiaries.subsidiary_id as org_unit_id,
        subsidiaries.subsidiary_name as org_unit_name,
        currencies.currency_code as currency_func,
        subsidiaries.country_code
    from subsidiaries
    left join currencies
        on subsidiaries.connection_id = currencies.connection_id and subsidiaries.currency_id = currencies.currency_id
    union all
    select
        connections.connection_id,
        'all' as org_unit_id,
        connections.entity_name as org_unit_name,
        currencies.currency_code as currency_func,
        cast(null as varchar) as country_code
    from connections
    inner join currencies on connections.connection_id = currencies.connection_id and currencies.is_base_currency
    left join subsidiaries on connections.connection_id = subsidiaries.connection_id
    where subsidiaries.subsidiary_id is null

),

final as (

    select
        units.connection_id,
        units.org_unit_id,
        units.org_unit_name,
        units.currency_func,
        units.country_code,
        coalesce(month(years.year_end_date), 12) as fiscal_year_end_month,
        coalesce(day(years.year_end_date), 31) as fiscal_year_end_day,
        locks.locked_until_date
    from units
    left join years on units.connection_id = years.connection_id
    left join locks on units.connection_id = locks.connection_id

)

select * from final
