with

lines as (

    select
        lines.entity_id,
        lines.posting_date,
        lines.amount_func
    from {{ ref('fct_gl_line') }} as lines
    inner join {{ ref('dim_account') }} as accounts
        on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    where accounts.account_class in ('equity', 'revenue', 'expense')

),

-- What an entity was worth when it came to the group: all of its equity before that day, profits included. One that always belonged
-- came with what its books opened with.
acquired as (

    select
        structure.entity_id,
        any_value(structure.acquired_date) as acquired_date,
        greatest(any_value(structure.acquired_date), min(lines.posting_date) + 1) as first_day
    from {{ ref('dim_group_structure') }} as structure
    inner join lines on structure.entity_id = lines.entity_id
    group by structure.entity_id

),

daily_rates as (

    select
        entity_id,
        date_day,
        rate
    from {{ ref('fct_fx_daily_rate') }}

),

final as (

    select
        acquired.entity_id,
        acquired.acquired_date,
        cast(-sum(lines.amount_func) as decimal(20, 4)) as equity_func,
        cast(
            case when count(daily_rates.rate) = count(*) then -sum(lines.amount_func * daily_rates.rate) end as decimal(38, 9)
        ) as equity_rpt
    from acquired
    inner join lines on acquired.entity_id = lines.entity_id and acquired.first_day > lines.posting_date
    left join daily_rates on lines.entity_id = daily_rates.entity_id and lines.posting_date = daily_rates.date_day
    group by acquired.entity_id, acquired.acquired_date

)

select * from final
