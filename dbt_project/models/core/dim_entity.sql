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

final as (

    select
        named.entity_id,
        named.entity_name,
        named.source_system,
        named.connection_id,
        named.org_unit_id,
        named.currency_func,
        named.country_code,
        coalesce(calendars.pattern, 'months') as calendar_pattern,
        coalesce(calendars.year_ends, 'last') as calendar_year_ends,
        coalesce(calendars.weekday, 6) as calendar_weekday,
        coalesce(calendars.year_named_after, 'end') as calendar_year_named_after,
        named.fiscal_year_end_month,
        named.fiscal_year_end_day,
        named.locked_until_date
    from named
    left join calendars on named.entity_id = calendars.entity_id

)

select * from final
