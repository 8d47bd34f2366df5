with

sources as (

    select * from {{ ref('int_oracle_fusion_sources_named') }}

),

books as (

    select * from {{ ref('int_oracle_fusion_books_conformed') }}

),

only_books as (

    select
        connection_id,
        any_value(org_unit_id) as org_unit_id
    from books
    group by connection_id
    having count(*) = 1

),

journals as (

    select * from {{ ref('int_oracle_fusion_journals_listed') }}

),

-- What the journals of a document say of it.
posted as (

    select
        sources.connection_id,
        sources.source_list,
        sources.document_id,
        arg_min(journals.org_unit_id, (journals.created_at, journals.journal_key)) as org_unit_id,
        arg_min(journals.func_per_txn, (journals.created_at, journals.journal_key)) as func_per_txn
    from sources
    inner join journals
        on
            sources.connection_id = journals.connection_id
            and sources.source_list = journals.source_list
            and sources.document_number = journals.external_reference
    where sources.is_found_by_number
    group by sources.connection_id, sources.source_list, sources.document_id

),

legal_entities as (

    select
        connection_id,
        legal_entity_name,
        min(org_unit_id) as org_unit_id
    from journals
    where legal_entity_name is not null
    group by connection_id, legal_entity_name
    having count(distinct org_unit_id) = 1

),

-- An invoice that was wrong is taken back by a credit memo, whose journal takes back that of the invoice: both came to nothing.
undone as (

    select
        reversals.connection_id,
        originals.external_reference as invoice_number,
        reversals.external_reference as credit_memo_number
    from journals as reversals
    inner join journals as originals
        on reversals.connection_id = originals.connection_id and reversals.reverses_journal_id = originals.journal_key
    where reversals.journal_kind = 'sale_credit' and originals.journal_kind = 'sale'

),

undone_numbers as (

    select
        connection_id,
        invoice_number as document_number,
        'sale' as document_kind
    from undone
    union
    select
        connection_id,
        credit_memo_number as document_number,
        'sale_credit' as document_kind
    from undone

),

-- The table that a list of documents stands in, as the extracts of its keys call it.
lists as (

    select
        'invoice' as source_list,
        'invoices' as table_name
    union all
    select
        'payment' as source_list,
        'payments' as table_name
    union all
    select
        'transaction' as source_list,
        'receivables_invoices' as table_name
    union all
    select
        'receipt' as source_list,
        'standard_receipts' as table_name

),

keys as (

    select
        keys.connection_id,
        lists.source_list,
        keys.record_key,
        keys.extracted_at
    from {{ ref('stg_oracle_fusion__primary_keys') }} as keys
    inner join lists on keys.table_name = lists.table_name

),

latest_keys as (

    select
        connection_id,
        source_list,
        max(extracted_at) as extracted_at
    from keys
    group by connection_id, source_list

),

-- The ledger of a document: the only one, that of its journals, or that of its legal entity.
final as (

    select
        sources.connection_id,
        sources.source_list,
        sources.document_id,
        sources.document_number,
        sources.document_kind,
        sources.party_id,
        books.org_unit_id,
        books.currency_func,
        posted.func_per_txn,
        coalesce(undone_numbers.document_number is not null and sources.is_found_by_number, false) as is_undone,
        -- What changed before the latest extract of keys, and is not in it, was deleted.
        case
            when keys.extracted_at is null or keys.extracted_at < latest_keys.extracted_at then latest_keys.extracted_at
        end as missing_at
    from sources
    left join posted
        on
            sources.connection_id = posted.connection_id
            and sources.source_list = posted.source_list
            and sources.document_id = posted.document_id
    left join legal_entities
        on sources.connection_id = legal_entities.connection_id and sources.legal_entity = legal_entities.legal_entity_name
    left join only_books on sources.connection_id = only_books.connection_id
    left join books
        on
            sources.connection_id = books.connection_id
            and coalesce(only_books.org_unit_id, posted.org_unit_id, legal_entities.org_unit_id) = books.org_unit_id
    left join undone_numbers
        on
            sources.connection_id = undone_numbers.connection_id
            and sources.document_number = undone_numbers.document_number
            and sources.document_kind = undone_numbers.document_kind
    left join latest_keys
        on sources.connection_id = latest_keys.connection_id and sources.source_list = latest_keys.source_list
    left join keys
        on
            sources.connection_id = keys.connection_id
            and sources.source_list = keys.source_list
            and sources.document_id = keys.record_key

)

select * from final
