with

books as (

    select * from {{ ref('int_ledger_books_stacked') }}

),

connections as (

    select * from {{ ref('stg_hub__connections') }}

),

calendars as (

    select * from {{ ref('fiscal_calendars') }}

),

-- Books of one entity bear the name that the settings give their connection. Where a connection holds the books of several
-- (company codes, subsidiaries, ledgers), each bears its own.
named as (

    select
        books.*,
        case
            when count(*) over (partition by books.connection_id) = 1 then connections.entity_id
            else trim(regexp_replace(lower(books.org_unit_name), '[^a-z0-9]+', '_', 'g'), '_')
        end as entity_id,
        case
            when count(*) over (partition by books.connection_id) = 1 then connections.entity_name
            else books.org_unit_name
        end as entity_name
    from books
    inner join connections on books.connection_id = connections.connection_id

),

-- Several companies that a planning tool tells of are each its own; a single one is that of the connection, whatever the tool calls it.
planned as (

    select
        connection_id,
        trim(org_unit_ref) as entity_name
    from {{ ref('int_planning_plan_entries_stacked') }}
    where lower(trim(org_unit_ref)) not in (select lower(named.entity_name) from named)
    group by connection_id, trim(org_unit_ref)
    qualify count(*) over (partition by connection_id) > 1

),

-- A company may be known by its sales, its marketing or its plans before its books are connected: it then counts in the reporting currency.
without_books as (

    select
        told.entity_id,
        any_value(told.entity_name) as entity_name,
        any_value(parameters.reporting_currency) as currency_func
    from (
        select
            connections.entity_id,
            connections.entity_name
        from connections
        anti join books on connections.connection_id = books.connection_id
        where connections.entity_id <> ''
        union all
        select
            trim(regexp_replace(lower(planned.entity_name), '[^a-z0-9]+', '_', 'g'), '_') as entity_id,
            planned.entity_name
        from planned
    ) as told
    cross join {{ ref('dim_as_of') }} as parameters
    where told.entity_id not in (select named.entity_id from named)
    group by told.entity_id

),

known as (

    select
        entity_id,
        entity_name,
        source_system,
        connection_id,
        org_unit_id,
        currency_func,
        country_code,
        fiscal_year_end_month,
        fiscal_year_end_day,
        locked_until_date
    from named
    union all
    select
        entity_id,
        entity_name,
        'none' as source_system,
        null as connection_id,
        null as org_unit_id,
        currency_func,
        null as country_code,
        12 as fiscal_year_end_month,
        31 as fiscal_year_end_day,
        null as locked_until_date
    from without_books

),

final as (

    select
        known.entity_id,
        known.entity_name,
        known.source_system,
        known.connection_id,
        known.org_unit_id,
        known.currency_func,
        known.country_code,
        coalesce(calendars.pattern, 'months') as calendar_pattern,
        coalesce(calendars.year_ends, 'last') as calendar_year_ends,
        coalesce(calendars.weekday, 6) as calendar_weekday,
        coalesce(calendars.year_named_after, 'end') as calendar_year_named_after,
        known.fiscal_year_end_month,
        known.fiscal_year_end_day,
        known.locked_until_date
    from known
    left join calendars on known.entity_id = calendars.entity_id

)

select * from final
