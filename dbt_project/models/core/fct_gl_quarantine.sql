with

quarantined as (

    select * from {{ ref('int_ledger_gl_quarantine_stacked') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

today as (

    select * from {{ ref('dim_as_of') }}

),

final as (

    select
        quarantined.source_system,
        quarantined.connection_id,
        entities.entity_id,
        quarantined.document_kind,
        quarantined.document_type,
        quarantined.document_id,
        quarantined.document_number,
        quarantined.document_date,
        quarantined.reason,
        cast(quarantined.amount_func as decimal(20, 4)) as amount_func,
        entities.currency_func,
        quarantined.detail
    from quarantined
    inner join entities on quarantined.connection_id = entities.connection_id and quarantined.org_unit_id = entities.org_unit_id
    cross join today
    where coalesce(quarantined.document_date, today.as_of_date) <= today.as_of_date

)

select * from final
