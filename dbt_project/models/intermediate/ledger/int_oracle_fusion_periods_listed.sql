with

ledgers as (

    select * from {{ ref('stg_oracle_fusion__ledgers') }}

),

statuses as (

    select * from {{ ref('stg_oracle_fusion__period_statuses') }}
    -- The general ledger's own; Payables and Receivables have theirs.
    where application_id = 101

),

of_calendars as (

    select
        ledgers.connection_id,
        ledgers.ledger_id,
        periods.period_name,
        periods.period_number,
        periods.start_date,
        periods.end_date,
        periods.is_adjustment
    from {{ ref('stg_oracle_fusion__accounting_periods') }} as periods
    inner join ledgers
        on
            periods.connection_id = ledgers.connection_id
            and periods.calendar = ledgers.calendar
            and coalesce(periods.period_type, '') = coalesce(ledgers.period_type, periods.period_type, '')

),

final as (

    select
        coalesce(of_calendars.connection_id, statuses.connection_id) as connection_id,
        coalesce(of_calendars.ledger_id, statuses.ledger_id) as ledger_id,
        coalesce(of_calendars.period_name, statuses.period_name) as period_name,
        coalesce(of_calendars.period_number, statuses.period_number) as period_number,
        coalesce(of_calendars.start_date, statuses.start_date) as start_date,
        coalesce(of_calendars.end_date, statuses.end_date) as end_date,
        coalesce(of_calendars.is_adjustment, statuses.is_adjustment, false) as is_adjustment,
        coalesce(statuses.closing_status in ('C', 'P'), false) as is_closed
    from of_calendars
    full join statuses
        on
            of_calendars.connection_id = statuses.connection_id
            and of_calendars.ledger_id = statuses.ledger_id
            and of_calendars.period_name = statuses.period_name

)

select * from final
