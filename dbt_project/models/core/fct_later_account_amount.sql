with

lines as (

    select * from {{ ref('int_ledger_gl_lines_stacked') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

final as (

    select
        entities.entity_id,
        lines.connection_id,
        lines.account_id,
        entities.currency_func,
        cast(sum({{ posted('lines.amount_func', 'entities.currency_func') }}) as decimal(20, 4)) as amount_func
    from lines
    inner join entities on lines.connection_id = entities.connection_id and lines.org_unit_id = entities.org_unit_id
    cross join {{ ref('dim_as_of') }} as today
    where lines.posting_date > today.as_of_date
    group by entities.entity_id, lines.connection_id, lines.account_id, entities.currency_func

)

select * from final
