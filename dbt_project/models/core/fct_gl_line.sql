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

tracking as (

    select
        connection_id,
        journal_line_id,
        max(case when category_name like '%department%' then option_name end) as department_name,
        max(case when category_name like '%campaign%' then tracking_option_id end) as campaign_option_id
    from {{ ref('stg_xero__journal_line_tracking') }}
    group by connection_id, journal_line_id

),

campaigns as (

    select
        erp_connection_id,
        erp_tracking_option_id,
        campaign_id
    from {{ ref('dim_campaign') }}
    where erp_tracking_option_id is not null

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
        tracking.department_name,
        campaigns.campaign_id,
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
    left join tracking on lines.connection_id = tracking.connection_id and lines.journal_line_id = tracking.journal_line_id
    left join campaigns
        on lines.connection_id = campaigns.erp_connection_id and tracking.campaign_option_id = campaigns.erp_tracking_option_id
    where journals.posting_date <= parameters.as_of_date

)

select * from final
