with

documents as (

    select * from {{ ref('int_ledger_documents_stacked') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

parties as (

    select * from {{ ref('dim_party') }}

),

partners as (

    select * from {{ ref('intercompany_partners') }}

),

-- Where the books name a partner by the entity's own name.
named_partners as (

    select
        lower(trim(entity_name)) as partner_name,
        min(entity_id) as entity_id
    from entities
    group by lower(trim(entity_name))

),

today as (

    select * from {{ ref('dim_as_of') }}

),

-- Systems tell what is open now: what was paid after the as-of day was still open on it.
paid_later as (

    select
        documents.connection_id,
        documents.document_id,
        documents.document_kind,
        sum(
            case
                when payments.currency_txn = documents.currency_txn then payments.amount_txn
                else {{ apportioned('payments.amount_func', 'documents.total_txn', 'documents.total_func') }}
            end
        ) as amount_txn
    from documents
    inner join {{ ref('int_ledger_payments_stacked') }} as payments
        on
            documents.connection_id = payments.connection_id
            and documents.document_id = payments.document_id
            and case when documents.document_kind in ('sale', 'purchase_credit') then 'received' else 'made' end = payments.payment_kind
    cross join today
    where payments.payment_date > today.as_of_date and payments.status = 'authorised' and documents.status in ('open', 'paid')
    group by documents.connection_id, documents.document_id, documents.document_kind

),

opened as (

    select
        documents.*,
        case
            when paid_later.amount_txn > 0
                then greatest(documents.open_txn, least(documents.open_txn + paid_later.amount_txn, documents.total_txn))
            else documents.open_txn
        end as open_then_txn
    from documents
    left join paid_later
        on
            documents.connection_id = paid_later.connection_id
            and documents.document_id = paid_later.document_id
            and documents.document_kind = paid_later.document_kind

),

final as (

    select
        documents.source_system,
        documents.connection_id,
        entities.entity_id,
        documents.document_id,
        documents.document_number,
        documents.document_kind,
        documents.document_type,
        case when documents.document_kind in ('sale', 'sale_credit') then 'receivable' else 'payable' end as ledger,
        documents.party_id,
        parties.party_name,
        coalesce(partners.entity_id, named_partners.entity_id, parties.partner_entity_id) as partner_entity_id,
        documents.document_date,
        documents.due_date,
        documents.currency_txn,
        documents.total_txn,
        documents.open_then_txn as open_txn,
        entities.currency_func,
        documents.total_func,
        documents.open_func
        + case
            when documents.open_then_txn = documents.open_txn then 0
            else {{ posted(
                apportioned('documents.total_func', 'documents.open_then_txn - documents.open_txn', 'documents.total_txn'),
                'entities.currency_func'
            ) }}
        end as open_func,
        case when documents.open_then_txn <> documents.open_txn then 'open' else documents.status end as status,
        documents.updated_at,
        documents._page_id
    from opened as documents
    inner join entities on documents.connection_id = entities.connection_id and documents.org_unit_id = entities.org_unit_id
    cross join today
    left join parties on documents.connection_id = parties.connection_id and documents.party_id = parties.party_id
    left join partners on documents.source_system = partners.source_system and documents.partner_ref = partners.partner_ref
    left join named_partners on lower(trim(documents.partner_ref)) = named_partners.partner_name
    where documents.document_date <= today.as_of_date

)

select * from final
