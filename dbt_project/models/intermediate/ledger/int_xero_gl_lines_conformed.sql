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

sources as (

    select * from {{ ref('int_xero_sources_named') }}

),

manual_journals as (

    select * from {{ ref('stg_xero__manual_journals') }}

),

posted as (

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
        lines.account_id,
        tracking.department_name,
        tracking.campaign_ref,
        cast(null as varchar) as product_ref,
        sources.party_id,
        coalesce(
            sources.document_kind,
            case journals.source_type
                when 'accrec' then 'sale'
                when 'accpay' then 'purchase'
                when 'accreccredit' then 'sale_credit'
                when 'accpaycredit' then 'purchase_credit'
                when 'accrecpayment' then 'payment_received'
                when 'accpaypayment' then 'payment_made'
                when 'arcreditpayment' then 'payment_made'
                when 'apcreditpayment' then 'payment_received'
                when 'arprepayment' then 'payment_received'
                when 'aroverpayment' then 'payment_received'
                when 'apprepayment' then 'payment_made'
                when 'apoverpayment' then 'payment_made'
                when 'cashrec' then 'bank_received'
                when 'cashpaid' then 'bank_spent'
                when 'externalspendmoney' then 'bank_spent'
                when 'transfer' then 'bank_transfer'
                when 'manjournal' then 'journal'
                else coalesce(journals.source_type, 'journal')
            end
        ) as document_kind,
        journals.source_type as document_type,
        coalesce(sources.document_id, journals.source_id) as document_id,
        coalesce(sources.document_number, journals.reference) as document_number,
        coalesce(nullif(lines.description, ''), manual_journals.narration) as description,
        lines.amount_func,
        -- Xero tells journals in the organisation's own currency only; the document has the other.
        cast(null as decimal(38, 12)) as amount_txn,
        sources.currency_txn,
        lines.tax_code,
        coalesce(journals.source_type, 'manjournal') = 'manjournal' as is_manual,
        lines._page_id,
        lines._dlt_load_id
    from lines
    inner join journals on lines.connection_id = journals.connection_id and lines.journal_id = journals.journal_id
    inner join organisations on lines.connection_id = organisations.connection_id
    left join tracking on lines.connection_id = tracking.connection_id and lines.journal_line_id = tracking.journal_line_id
    left join sources on journals.connection_id = sources.connection_id and journals.source_id = sources.source_id
    left join manual_journals
        on journals.connection_id = manual_journals.connection_id and journals.source_id = manual_journals.manual_journal_id

),

-- Where the vendor lets nobody read journals, documents say what they must have been.
every_line as (

    select * from posted
    union all by name
    select * from {{ ref('int_xero_document_lines_rebuilt') }}

),

final as (

    select
        connection_id,
        org_unit_id,
        line_id,
        line_number,
        journal_id,
        journal_number,
        posting_date,
        document_date,
        entry_created_at,
        cast(null as integer) as fiscal_year_native,
        cast(null as integer) as fiscal_period_native,
        false as is_adjustment_period,
        account_id,
        department_name,
        campaign_ref,
        product_ref,
        party_id,
        cast(null as varchar) as partner_ref,
        document_kind,
        document_type,
        document_id,
        document_number,
        description,
        amount_func,
        amount_txn,
        currency_txn,
        tax_code,
        false as is_reversal,
        cast(null as varchar) as reverses_journal_id,
        is_manual,
        cast(null as varchar) as created_by,
        _page_id,
        _dlt_load_id
    from every_line

)

select * from final
