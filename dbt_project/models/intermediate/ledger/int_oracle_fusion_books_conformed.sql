with

ledgers as (

    select * from {{ ref('stg_oracle_fusion__ledgers') }}
    -- Secondary ledgers and reporting currencies tell the primary one's journals again.
    qualify ledger_category = 'PRIMARY' or not bool_or(ledger_category = 'PRIMARY') over (partition by connection_id)

),

periods as (

    select * from {{ ref('int_oracle_fusion_periods_listed') }}
    where not is_adjustment

),

-- A year ends the day before the first period of the next.
years as (

    select
        connection_id,
        ledger_id,
        max(start_date) - 1 as year_end_date
    from periods
    where period_number = 1
    group by connection_id, ledger_id

),

first_closed as (

    select
        connection_id,
        ledger_id,
        min(start_date) as start_date,
        max(end_date) as end_date
    from periods
    where is_closed
    group by connection_id, ledger_id

),

-- Closed up to the day before the first period that is not; what lies before the first closed period was never opened.
locks as (

    select
        first_closed.connection_id,
        first_closed.ledger_id,
        coalesce(min(periods.start_date) - 1, any_value(first_closed.end_date)) as locked_until_date
    from first_closed
    left join periods
        on
            first_closed.connection_id = periods.connection_id
            and first_closed.ledger_id = periods.ledger_id
            and first_closed.start_date < periods.start_date
            and not periods.is_closed
    group by first_closed.connection_id, first_closed.ledger_id

),

final as (

    select
        ledgers.connection_id,
        ledgers.ledger_id as org_unit_id,
        ledgers.ledger_name as org_unit_name,
        ledgers.currency_code as currency_func,
        cast(null as varchar) as country_code,
        coalesce(month(years.year_end_date), 12) as fiscal_year_end_month,
        -- The last day of a month is its last day in every year.
        case
            when years.year_end_date is null or years.year_end_date = last_day(years.year_end_date) then 31
            else day(years.year_end_date)
        end as fiscal_year_end_day,
        locks.locked_until_date
    from ledgers
    left join years on ledgers.connection_id = years.connection_id and ledgers.ledger_id = years.ledger_id
    left join locks on ledgers.connection_id = locks.connection_id and ledgers.ledger_id = locks.ledger_id

)

select * from final
