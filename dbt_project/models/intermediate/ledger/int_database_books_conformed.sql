with

lines as (

    select * from {{ ref('stg_database__journal_lines') }}

),

ledgers as (

    select * from {{ ref('stg_database__ledgers') }}

),

connections as (

    select * from {{ ref('stg_hub__connections') }}
    where system = 'database'

),

-- Whatever is posted to is a ledger, also where the mapping lists none.
posted as (

    select
        connection_id,
        coalesce(ledger_id, 'all') as org_unit_id,
        mode(currency_func) as currency_func
    from lines
    group by connection_id, coalesce(ledger_id, 'all')

),

-- Closed up to the day before the first period that is still open.
locks as (

    select
        connection_id,
        ledger_id,
        case when bool_or(is_closed) then min(case when not is_closed then start_date end) - 1 end as locked_until_date
    from {{ ref('stg_database__periods') }}
    where not is_adjustment
    group by connection_id, ledger_id

),

final as (

    select
        posted.connection_id,
        posted.org_unit_id,
        coalesce(ledgers.ledger_name, connections.entity_name) as org_unit_name,
        coalesce(ledgers.currency_func, posted.currency_func) as currency_func,
        ledgers.country_code,
        coalesce(ledgers.fiscal_year_end_month, 12) as fiscal_year_end_month,
        coalesce(ledgers.fiscal_year_end_day, 31) as fiscal_year_end_day,
        locks.locked_until_date
    from posted
    inner join connections on posted.connection_id = connections.connection_id
    left join ledgers on posted.connection_id = ledgers.connection_id and posted.org_unit_id = ledgers.ledger_id
    left join locks on posted.connection_id = locks.connection_id and posted.org_unit_id = coalesce(locks.ledger_id, 'all')

)

select * from final
