with

lines as (

    select * from {{ ref('fct_gl_line') }}

),

entities as (

    select
        entity_id,
        entity_name
    from {{ ref('dim_entity') }}

),

accounts as (

    select * from {{ ref('dim_account') }}

),

chart as (

    select * from {{ ref('dim_group_account') }}

),

campaigns as (

    select
        entity_id,
        campaign_id,
        campaign_name
    from {{ ref('dim_campaign') }}

),

products as (

    select * from {{ ref('dim_product') }}

),

parties as (

    select * from {{ ref('dim_party') }}

),

final as (

    select
        lines.gl_line_key,
        lines.entity_id,
        entities.entity_name,
        lines.source_system,
        lines.connection_id,
        lines.period_month,
        lines.fiscal_year,
        lines.fiscal_period,
        lines.is_adjustment_period,
        lines.posting_date,
        lines.document_date,
        lines.journal_id,
        lines.journal_number,
        lines.line_number,
        lines.account_id,
        accounts.account_code,
        accounts.account_name,
        accounts.account_class,
        accounts.account_type,
        lines.group_account_code,
        chart.group_account_name,
        lines.department_name,
        campaigns.campaign_name,
        coalesce(products.product_name, lines.product_ref) as product_name,
        lines.party_id,
        parties.party_name,
        lines.partner_entity_id,
        lines.document_kind,
        lines.document_type,
        lines.document_id,
        lines.document_number,
        lines.description,
        cast(greatest(lines.amount_func, 0) as decimal(20, 4)) as debit_func,
        cast(greatest(-lines.amount_func, 0) as decimal(20, 4)) as credit_func,
        lines.amount_func,
        lines.currency_func,
        lines.amount_txn,
        lines.currency_txn,
        lines.tax_code,
        lines.is_manual,
        lines.is_reversal,
        lines.reverses_journal_id,
        lines.created_by,
        lines.entry_created_at
    from lines
    inner join entities on lines.entity_id = entities.entity_id
    left join accounts on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    left join chart on lines.group_account_code = chart.group_account_code
    left join campaigns on lines.entity_id = campaigns.entity_id and lines.campaign_id = campaigns.campaign_id
    left join products on lines.connection_id = products.connection_id and lines.product_ref = products.product_ref
    left join parties on lines.connection_id = parties.connection_id and lines.party_id = parties.party_id
    -- Readers ask for an account's page: rows that are read together lie together.
    order by lines.entity_id, lines.period_month, accounts.account_code, lines.posting_date

)

select * from final
