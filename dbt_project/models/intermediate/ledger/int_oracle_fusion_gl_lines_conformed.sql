with

lines as (

    select * from {{ ref('stg_oracle_fusion__journal_lines') }}

),

journals as (

    select * from {{ ref('int_oracle_fusion_journals_listed') }}

),

combinations as (

    select * from {{ ref('int_oracle_fusion_combinations_split') }}

),

cost_centers as (

    select * from {{ ref('int_oracle_fusion_segment_values_named') }}
    where segment_role = 'cost_center'

),

partners as (

    select * from {{ ref('int_oracle_fusion_segment_values_named') }}
    where segment_role = 'intercompany'

),

sources as (

    select * from {{ ref('int_oracle_fusion_sources_named') }}
    where is_found_by_number

),

final as (

    select
        lines.connection_id,
        journals.org_unit_id,
        lines.journal_key || '|' || lines.line_number as line_id,
        lines.line_number,
        lines.journal_key as journal_id,
        journals.journal_name as journal_number,
        journals.posting_date,
        coalesce(sources.document_date, journals.effective_date) as document_date,
        journals.created_at as entry_created_at,
        cast(null as integer) as fiscal_year_native,
        cast(null as integer) as fiscal_period_native,
        journals.is_adjustment_period,
        combinations.account_id,
        coalesce(cost_centers.segment_value_name, combinations.cost_center) as department_name,
        combinations.campaign as campaign_ref,
        combinations.product as product_ref,
        sources.party_id,
        coalesce(partners.segment_value_name, combinations.intercompany) as partner_ref,
        coalesce(sources.document_kind, journals.journal_kind) as document_kind,
        journals.category_name as document_type,
        -- A journal without a document is one itself.
        case when journals.source_list is null then lines.journal_key else sources.document_id end as document_id,
        journals.external_reference as document_number,
        coalesce(lines.description, journals.journal_description) as description,
        lines.amount_func,
        lines.amount_txn,
        coalesce(lines.currency_txn, journals.currency_txn) as currency_txn,
        cast(null as varchar) as tax_code,
        journals.reverses_journal_id is not null as is_reversal,
        journals.reverses_journal_id,
        journals.is_manual,
        journals.created_by,
        lines._page_id,
        lines._dlt_load_id
    from lines
    inner join journals on lines.connection_id = journals.connection_id and lines.journal_key = journals.journal_key
    left join combinations
        on lines.connection_id = combinations.connection_id and lines.combination_key = combinations.combination_key
    left join cost_centers
        on
            combinations.connection_id = cost_centers.connection_id
            and combinations.cost_center = cost_centers.segment_value
    left join partners
        on combinations.connection_id = partners.connection_id and combinations.intercompany = partners.segment_value
    left join sources
        on
            journals.connection_id = sources.connection_id
            and journals.source_list = sources.source_list
            and journals.external_reference = sources.document_number

)

select * from final
