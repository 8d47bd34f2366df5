with

lines as (

    select * from {{ ref('stg_xero__journal_lines') }}

),

journals as (

    select * from {{ ref('stg_xero__journals') }}

),

tracking as (

    select
        connection_id,
        journal_line_id,
        max(case when category_name like '%department%' then option_name end) as department_name,
        max(case when category_name like '%campaign%' then tracking_option_id end) as campaign_ref
    from {{ ref('stg_xero__journal_line_tracking') }}
    group by connection_id, journal_line_id

),

organisations as (

    select * from {{ ref('stg_xero__organisation') }}

),

documents as (

    select
        connection_id,
        document_id,
        document_number,
        party_id,
        currency_txn
    from {{ ref('int_xero_documents_conformed') }}

),

final as (

    select
        lines.connection_id,
        organisations.organisation_id as org_unit_id,
        lines.journal_line_id as line_id,
        lines.line_number,
        lines.journal_id,
        cast(journals.journal_number as varchar) as journal_number,
        journals.posting_date,
        journals.posting_date as document_date,
        journals.created_at as entry_created_at,
        cast(null as integer) as fiscal_year_native,
        cast(null as integer) as fiscal_period_native,
        false as is_adjustment_period,
        lines.account_id,
        tracking.department_name,
        tracking.campaign_ref,
        cast(null as varchar) as product_ref,
        documents.party_id,
        cast(null as varchar) as partner_ref,
        case journals.source_type
            when 'accrec' then 'sale'
            when 'accpay' then 'purchase'
            when 'accreccredit' then 'sale_credit'
            when 'accpaycredit' then 'purchase_credit'
            when 'accrecpayment' then 'payment_received'
            when 'accpaypayment' then 'payment_made'
            when 'arcreditpayment' then 'payment_made'
            when 'apcreditpayment' then 'payment_received'
            when 'cashrec' then 'bank_received'
            when 'cashpaid' then 'bank_spent'
            when 'transfer' then 'bank_transfer'
            when 'manjournal' then 'journal'
            else coalesce(journals.source_type, 'journal')
        end as document_kind,
        journals.source_type as document_type,
        journals.source_id as document_id,
        coalesce(documents.document_number, journals.reference) as document_number,
        lines.description,
        lines.amount_func,
        -- Xero tells journals in the organisation's own currency only; the document has the other.
        cast(null as decimal(38, 12)) as amount_txn,
        documents.currency_txn,
        lines.tax_code,
        false as is_reversal,
        cast(null as varchar) as reverses_journal_id,
        coalesce(journals.source_type, 'manjournal') = 'manjournal' as is_manual,
        cast(null as varchar) as created_by,
        lines._page_id,
        lines._dlt_load_id
    from lines
    inner join journals on lines.connection_id = journals.connection_id and lines.journal_id = journals.journal_id
    inner join organisations on lines.connection_id = organisations.connection_id
    left join tracking on lines.connection_id = tracking.connection_id and lines.journal_line_id = tracking.journal_line_id
    left join documents on journals.connection_id = documents.connection_id and journals.source_id = documents.document_id

)

select * from final
