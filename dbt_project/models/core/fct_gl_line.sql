with

lines as (

    {{ conformed('gl_lines') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

dates as (

    select * from {{ ref('dim_date') }}

),

mapping as (

    select * from {{ ref('dim_account_mapping') }}

),

parties as (

    select * from {{ ref('dim_party') }}
    where partner_entity_id is not null

),

partners as (

    select * from {{ ref('intercompany_partners') }}

),

campaigns as (

    select
        erp_connection_id,
        erp_campaign_ref,
        campaign_id
    from {{ ref('dim_campaign') }}
    where erp_campaign_ref is not null

),

final as (

    select
        lines.source_system || '|' || lines.connection_id || '|' || lines.line_id as gl_line_key,
        lines.source_system,
        lines.connection_id,
        entities.entity_id,
        lines.journal_id,
        lines.journal_number,
        lines.line_number,
        lines.posting_date,
        lines.document_date,
        dates.period_month,
        dates.fiscal_year,
        -- Closing entries of a vendor's special periods belong to the year's last one.
        coalesce(lines.fiscal_period_native, dates.fiscal_period) as fiscal_period,
        lines.is_adjustment_period,
        lines.entry_created_at,
        lines.account_id,
        coalesce(mapping.group_account_code, 'unmapped') as group_account_code,
        lines.department_name,
        campaigns.campaign_id,
        lines.product_ref,
        lines.party_id,
        coalesce(partners.entity_id, parties.partner_entity_id) as partner_entity_id,
        lines.document_kind,
        lines.document_type,
        lines.document_id,
        lines.document_number,
        lines.description,
        {{ posted('lines.amount_func', 'entities.currency_func') }} as amount_func,
        entities.currency_func,
        cast(lines.amount_txn as decimal(20, 4)) as amount_txn,
        lines.currency_txn,
        lines.tax_code,
        lines.is_reversal,
        lines.reverses_journal_id,
        lines.is_manual,
        lines.created_by,
        lines._page_id,
        lines._dlt_load_id
    from lines
    inner join entities on lines.connection_id = entities.connection_id and lines.org_unit_id = entities.org_unit_id
    -- Ends with the as-of month: what is posted later is not told yet.
    inner join dates on entities.entity_id = dates.entity_id and lines.posting_date = dates.date_day
    cross join {{ ref('dim_as_of') }} as today
    left join mapping
        on
            entities.entity_id = mapping.entity_id
            and lines.connection_id = mapping.connection_id
            and lines.account_id = mapping.account_id
            and lines.posting_date between mapping.valid_from and mapping.valid_to
    left join parties on lines.connection_id = parties.connection_id and lines.party_id = parties.party_id
    left join partners on lines.source_system = partners.source_system and lines.partner_ref = partners.partner_ref
    left join campaigns on lines.connection_id = campaigns.erp_connection_id and lines.campaign_ref = campaigns.erp_campaign_ref
    where lines.posting_date <= today.as_of_date

)

select * from final
