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
        coalesce(partners.entity_id, parties.partner_entity_id) as partner_entity_id,
        documents.document_date,
        documents.due_date,
        documents.currency_txn,
        documents.total_txn,
        documents.open_txn,
        entities.currency_func,
        documents.total_func,
        documents.open_func,
        documents.status,
        documents.updated_at,
        documents._page_id
    from documents
    inner join entities on documents.connection_id = entities.connection_id and documents.org_unit_id = entities.org_unit_id
    cross join {{ ref('dim_as_of') }} as today
    left join parties on documents.connection_id = parties.connection_id and documents.party_id = parties.party_id
    left join partners on documents.source_system = partners.source_system and documents.partner_ref = partners.partner_ref
    where documents.document_date <= today.as_of_date

)

select * from final
