with

-- Systems tell what is open now, the facts what was open on the as-of date.
documents as (

    select
        entities.entity_id,
        documents.connection_id,
        case when documents.document_kind in ('sale', 'sale_credit') then 'receivable' else 'payable' end as ledger,
        documents.document_kind,
        documents.open_txn,
        documents.open_func,
        1 as side
    from {{ ref('int_ledger_documents_stacked') }} as documents
    inner join {{ ref('dim_entity') }} as entities
        on documents.connection_id = entities.connection_id and documents.org_unit_id = entities.org_unit_id
    where documents.open_txn <> 0
    union all
    select
        entity_id,
        connection_id,
        ledger,
        document_kind,
        open_txn,
        open_func,
        -1 as side
    from {{ ref('fct_document') }}
    where open_txn <> 0

),

final as (

    select
        entity_id,
        connection_id,
        ledger,
        cast(
            sum(side * case when document_kind in ('sale_credit', 'purchase_credit') then -open_func else open_func end) as decimal(20, 4)
        ) as amount_func,
        cast(sum(side) as bigint) as document_count
    from documents
    group by entity_id, connection_id, ledger

)

select * from final
