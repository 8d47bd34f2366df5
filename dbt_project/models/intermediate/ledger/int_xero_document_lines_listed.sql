-- The lines of the documents that make journals, net of tax, positive as the document has them.
{%- set numbered = "'line ' || line_number" %}
{%- set keys_of_lines = [
    ('invoice', 'line_item_id'),
    ('credit_note', 'line_item_id'),
    ('bank_transaction', 'line_item_id'),
    ('prepayment', numbered),
    ('overpayment', numbered),
    ('manual_journal', numbered),
] %}
with

documents as (

    select * from {{ ref('int_xero_documents_listed') }}

),

accounts as (

    select * from {{ ref('stg_xero__accounts') }}

),

-- A code that was used again names the account that is in use.
named_accounts as (

    select * from accounts
    qualify
        row_number() over (
            partition by connection_id, account_code order by case status when 'active' then 0 else 1 end, account_id
        ) = 1

),

tracking as (

    {% for table, line_key in keys_of_lines if table not in ['prepayment', 'overpayment'] %}
        select
            connection_id,
            {{ table }}_id as document_id,
            {{ line_key }} as line_key,
            category_name,
            tracking_option_id,
            option_name
        from {{ ref('stg_xero__' ~ table ~ '_line_tracking') }}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

dimensions as (

    select
        connection_id,
        document_id,
        line_key,
        max(case when category_name like '%department%' then option_name end) as department_name,
        max(case when category_name like '%campaign%' then tracking_option_id end) as campaign_ref
    from tracking
    group by connection_id, document_id, line_key

),

lines as (

    {% for table, line_key in keys_of_lines if table != 'manual_journal' %}
        select
            connection_id,
            '{{ table }}' as source_table,
            {{ table }}_id as document_id,
            {{ line_key }} as line_key,
            line_number,
            account_id,
            account_code,
            description,
            amount_txn,
            tax_txn,
            tax_code,
            item_code
        from {{ ref('stg_xero__' ~ table ~ '_lines') }}
        union all
    {% endfor %}
    select
        connection_id,
        'manual_journal' as source_table,
        manual_journal_id as document_id,
        'line ' || line_number as line_key,
        line_number,
        account_id,
        account_code,
        description,
        amount_func as amount_txn,
        tax_func as tax_txn,
        tax_code,
        cast(null as varchar) as item_code
    from {{ ref('stg_xero__manual_journal_lines') }}
    union all
    select
        connection_id,
        'bank_transfer' as source_table,
        bank_transfer_id as document_id,
        'from' as line_key,
        1 as line_number,
        from_account_id as account_id,
        from_account_code as account_code,
        reference as description,
        amount_txn,
        0 as tax_txn,
        cast(null as varchar) as tax_code,
        cast(null as varchar) as item_code
    from {{ ref('stg_xero__bank_transfers') }}

),

final as (

    select
        documents.connection_id,
        documents.source_table,
        documents.document_id,
        lines.line_key,
        lines.line_number,
        -- An account is named by its identity or, in older documents, by its code alone.
        coalesce(by_id.account_id, by_code.account_id) as account_id,
        coalesce(lines.account_code, lines.account_id) as account_named,
        lines.description,
        cast(
            coalesce(lines.amount_txn, 0) - case documents.line_amount_types when 'inclusive' then coalesce(lines.tax_txn, 0) else 0 end
            as decimal(38, 9)
        ) as net_txn,
        cast(case documents.line_amount_types when 'notax' then 0 else coalesce(lines.tax_txn, 0) end as decimal(38, 9)) as tax_txn,
        lines.tax_code,
        lines.item_code,
        dimensions.department_name,
        dimensions.campaign_ref
    from documents
    inner join lines
        on
            documents.connection_id = lines.connection_id
            and documents.source_table = lines.source_table
            and documents.document_id = lines.document_id
    left join accounts as by_id on lines.connection_id = by_id.connection_id and lines.account_id = by_id.account_id
    left join named_accounts as by_code
        on
            lines.connection_id = by_code.connection_id
            and case when by_id.account_id is null then lines.account_code end = by_code.account_code
    left join dimensions
        on
            lines.connection_id = dimensions.connection_id
            and lines.document_id = dimensions.document_id
            and lines.line_key = dimensions.line_key

)

select * from final
