with

documents as (

    select * from {{ ref('fct_document') }}
    where document_kind in ('sale', 'sale_credit') and status in ('open', 'paid') and partner_entity_id is null

),

lines as (

    select * from {{ ref('fct_gl_line') }}

),

accounts as (

    select * from {{ ref('dim_account') }}

),

chart as (

    select * from {{ ref('dim_group_account') }}

),

customers as (

    select * from {{ ref('bridge_customer_party') }}

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

-- What a document sells, without its tax: what it puts into revenue, and what into the revenue of later months.
sold as (

    select
        lines.connection_id,
        lines.document_id,
        sum(case when accounts.account_class = 'revenue' then -lines.amount_func else 0 end) as recognised_func,
        sum(case when accounts.account_class = 'liability' then -lines.amount_func else 0 end) as deferred_func
    from lines
    inner join accounts on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    left join chart on lines.group_account_code = chart.group_account_code
    where
        lines.document_kind in ('sale', 'sale_credit')
        and (
            accounts.account_class = 'revenue'
            or accounts.account_type = 'deferred_revenue'
            or (accounts.account_class = 'liability' and chart.cash_flow_line = 'Change in deferred revenue')
        )
    group by lines.connection_id, lines.document_id

),

bought as (

    select
        customers.entity_id,
        customers.customer_id,
        documents.document_date as purchase_date,
        cast(date_trunc('month', documents.document_date) as date) as period_month,
        documents.document_kind,
        documents.currency_func,
        count(*) as document_count,
        cast(sum(sold.recognised_func) as decimal(20, 4)) as recognised_func,
        cast(sum(sold.deferred_func) as decimal(20, 4)) as deferred_func
    from documents
    inner join sold on documents.connection_id = sold.connection_id and documents.document_id = sold.document_id
    inner join customers on documents.connection_id = customers.erp_connection_id and documents.party_id = customers.erp_party_id
    group by all
    having sum(sold.recognised_func) <> 0 or sum(sold.deferred_func) <> 0

),

final as (

    select
        bought.entity_id,
        bought.customer_id,
        bought.purchase_date,
        bought.period_month,
        bought.document_kind,
        bought.document_count,
        bought.recognised_func,
        bought.deferred_func,
        cast(bought.recognised_func + bought.deferred_func as decimal(20, 4)) as amount_func,
        bought.currency_func,
        {{ posted('(bought.recognised_func + bought.deferred_func) * rates.average_rate', 'rates.to_currency') }} as amount_rpt,
        rates.to_currency as currency_rpt
    from bought
    left join rates on bought.entity_id = rates.entity_id and bought.period_month = rates.period_month

)

select * from final
