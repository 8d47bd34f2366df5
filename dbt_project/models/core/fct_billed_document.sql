-- Live invoices and credit notes as the ledger has them, without tax: whose they are, and what of each is billed ahead.
with

customers as (

    select * from {{ ref('bridge_customer_party') }}

),

-- What a document is without tax, as the ledger has it: what is billed ahead, and what is earned at once.
posted as (

    select
        connection_id,
        document_id,
        -sum(amount_func) as net_func,
        -sum(case when group_account_code = '{{ var('deferred_revenue_account') }}' then amount_func else 0 end) as ahead_func,
        case when count(*) = count(amount_txn) then -sum(amount_txn) end as net_txn,
        -sum(case when group_account_code = '{{ var('deferred_revenue_account') }}' then amount_txn else 0 end) as ahead_txn,
        any_value(currency_txn) as currency_txn
    from {{ ref('fct_gl_line') }}
    where
        document_kind in ('sale', 'sale_credit')
        {% for code in var('receivable_and_tax_accounts') %}
            and group_account_code <> '{{ code }}'
        {% endfor %}
    group by connection_id, document_id

),

documents as (

    select
        documents.entity_id,
        customers.customer_id,
        documents.connection_id,
        documents.document_id,
        documents.document_number,
        documents.document_kind,
        documents.document_date,
        documents.currency_txn,
        documents.currency_func,
        posted.net_func,
        -- A journal in the books' own currency alone tells another currency's amount by the document's total.
        {% for part in ['net', 'ahead'] %}
            case
                when documents.currency_txn = documents.currency_func then posted.{{ part }}_func
                when posted.currency_txn = documents.currency_txn and posted.net_txn is not null then posted.{{ part }}_txn
                else
                    {{ posted(
                        'documents.total_txn * posted.' ~ part ~ '_func / nullif(documents.total_func, 0)', 'documents.currency_txn'
                    ) }}
            end as {{ part }}_txn,
        {% endfor %}
        1 - coalesce(documents.open_txn / nullif(documents.total_txn, 0), 0) as settled_share
    from {{ ref('fct_document') }} as documents
    inner join posted on documents.connection_id = posted.connection_id and documents.document_id = posted.document_id
    left join customers on documents.connection_id = customers.erp_connection_id and documents.party_id = customers.erp_party_id
    where
        documents.document_kind in ('sale', 'sale_credit')
        and documents.partner_entity_id is null
        and documents.status in ('open', 'paid')

),

final as (

    select
        entity_id,
        customer_id,
        connection_id,
        document_id,
        document_number,
        document_kind,
        document_date,
        currency_txn,
        currency_func,
        {{ money('net_func') }} as net_func,
        {{ money('net_txn') }} as net_txn,
        {{ money('ahead_txn') }} as ahead_txn,
        settled_share
    from documents

)

select * from final
