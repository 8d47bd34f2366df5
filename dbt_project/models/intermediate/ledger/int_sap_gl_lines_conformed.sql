with

lines as (

    select * from {{ ref('stg_sap__gl_account_line_items') }}

),

cost_centers as (

    select * from {{ ref('int_sap_cost_centers_named') }}

),

customers as (

    select * from {{ ref('int_sap_party_numbers_listed') }}
    where account_type = 'D'

),

suppliers as (

    select * from {{ ref('int_sap_party_numbers_listed') }}
    where account_type = 'K'

),

billing as (

    select * from {{ ref('stg_sap__billing_documents') }}

),

supplier_invoices as (

    select * from {{ ref('stg_sap__supplier_invoices') }}

),

-- What a reversal points to is named by the document that the entry came from.
origins as (

    select
        connection_id,
        reference_document_type,
        coalesce(reference_document_context, '') as reference_document_context,
        reference_document,
        min(document_type) as document_type,
        min(company_code || '|' || fiscal_year || '|' || accounting_document) as journal_id
    from lines
    where is_reversed
    group by connection_id, reference_document_type, coalesce(reference_document_context, ''), reference_document
    having count(distinct company_code || '|' || fiscal_year || '|' || accounting_document) = 1

),

final as (

    select
        lines.connection_id,
        lines.company_code as org_unit_id,
        concat_ws(
            '|',
            lines.company_code,
            lines.fiscal_year,
            lines.accounting_document,
            lines.source_ledger,
            lines.ledger,
            lines.ledger_gl_line_item
        ) as line_id,
        try_cast(lines.ledger_gl_line_item as bigint) as line_number,
        lines.company_code || '|' || lines.fiscal_year || '|' || lines.accounting_document as journal_id,
        lines.accounting_document as journal_number,
        lines.posting_date,
        lines.document_date,
        lines.created_at as entry_created_at,
        cast(lines.fiscal_year as integer) as fiscal_year_native,
        case when lines.fiscal_period > 12 then 12 end as fiscal_period_native,
        coalesce(lines.fiscal_period > 12, false) as is_adjustment_period,
        lines.account_id,
        cost_centers.cost_center_name as department_name,
        lines.order_id as campaign_ref,
        lines.product as product_ref,
        coalesce(customers.party_id, suppliers.party_id) as party_id,
        lines.partner_company as partner_ref,
        case
            when lines.reference_document_type = 'VBRK'
                then case when billing.document_category in ('O', 'N') then 'sale_credit' else 'sale' end
            when lines.reference_document_type = 'RMRP'
                then case when supplier_invoices.is_credit_memo then 'purchase_credit' else 'purchase' end
            else
                -- A reversal is of the kind that it takes back: its own type says only what is reversed.
                case case when lines.is_reversal then coalesce(origins.document_type, lines.document_type) else lines.document_type end
                    when 'DR' then 'sale'
                    when 'DG' then 'sale_credit'
                    when 'KR' then 'purchase'
                    when 'KG' then 'purchase_credit'
                    when 'DZ' then 'payment_received'
                    when 'KZ' then 'payment_made'
                    when 'ZP' then 'payment_made'
                    when 'UE' then 'opening'
                    else 'journal'
                end
        end as document_kind,
        lines.document_type,
        lines.company_code || '|' || lines.fiscal_year || '|' || lines.accounting_document as document_id,
        lines.accounting_document as document_number,
        lines.description,
        lines.amount_func,
        lines.amount_txn,
        lines.currency_txn,
        lines.tax_code,
        lines.is_reversal,
        case when lines.is_reversal then origins.journal_id end as reverses_journal_id,
        coalesce(lines.document_type in ('SA', 'AB') and lines.reference_document_type = 'BKPF', false) as is_manual,
        lines.created_by,
        lines._page_id,
        lines._dlt_load_id
    from lines
    left join cost_centers
        on
            lines.connection_id = cost_centers.connection_id
            and lines.controlling_area = cost_centers.controlling_area
            and lines.cost_center = cost_centers.cost_center
            and lines.posting_date between cost_centers.valid_from and cost_centers.valid_to
    left join customers on lines.connection_id = customers.connection_id and lines.customer = customers.party_number
    left join suppliers on lines.connection_id = suppliers.connection_id and lines.supplier = suppliers.party_number
    left join billing
        on
            lines.connection_id = billing.connection_id
            and case lines.reference_document_type when 'VBRK' then lines.reference_document end = billing.billing_document
    left join supplier_invoices
        on
            lines.connection_id = supplier_invoices.connection_id
            and case lines.reference_document_type when 'RMRP' then lines.reference_document end = supplier_invoices.supplier_invoice
            and lines.reference_document_context = supplier_invoices.fiscal_year
    left join origins
        on
            lines.connection_id = origins.connection_id
            and lines.reference_document_type = origins.reference_document_type
            and coalesce(lines.reversed_document_context, '') = origins.reference_document_context
            and lines.reversed_document = origins.reference_document

)

select * from final
