with

lines as (

    select * from {{ ref('stg_xero__journal_lines') }}

),

journals as (

    select * from {{ ref('stg_xero__journals') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

parameters as (

    select * from {{ ref('stg_hub__parameters') }}

),

final as (

    select
        entities.source_system || '|' || lines.connection_id || '|' || lines.journal_line_id as gl_line_key,
        entities.source_system,
        lines.connection_id,
        entities.entity_id,
        lines.journal_id,
        journals.journal_number,
        lines.line_number,
        journals.posting_date,
        cast(date_trunc('month', journals.posting_date) as date) as period_month,
        journals.created_at as entry_created_at,
        lines.account_id,
        journals.source_type as document_type,
        journals.source_id as document_id,
        lines.description,
        {{ posted('lines.amount_func', 'entities.currency_func') }} as amount_func,
        entities.currency_func,
        lines._page_id,
        lines._dlt_load_id
    from lines
    inner join journals on lines.connection_id = journals.connection_id and lines.journal_id = journals.journal_id
    inner join entities on lines.connection_id = entities.connection_id
    cross join parameters
    where journals.posting_date <= parameters.as_of_date

)

select * from final
