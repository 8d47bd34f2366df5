with

documents as (

    select * from {{ ref('stg_database__documents') }}

),

books as (

    select * from {{ ref('int_database_books_conformed') }}

),

-- What a document is worth in the ledger's currency, the ledger says: its lines on the control accounts.
worth as (

    select
        lines.connection_id,
        lines.document_id,
        abs(sum(lines.amount_func)) as total_func
    from {{ ref('stg_database__journal_lines') }} as lines
    inner join {{ ref('stg_database__accounts') }} as accounts
        on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    where accounts.control_role in ('receivable', 'payable') and lines.reversal_of is null
    group by lines.connection_id, lines.document_id

),

measured as (

    select
        documents.*,
        coalesce(documents.ledger_id, 'all') as org_unit_id,
        coalesce(documents.currency_txn, books.currency_func) as currency,
        coalesce(
            nullif(worth.total_func, 0),
            case
                when coalesce(documents.currency_txn, books.currency_func) = books.currency_func then documents.total_txn
                when documents.units_per_base > 0 then round(documents.total_txn / documents.units_per_base, 2)
            end
        ) as total_func,
        coalesce(documents.status in ('void', 'voided', 'cancelled', 'canceled', 'reversed', 'deleted'), false) as is_voided,
        coalesce(documents.status in ('draft', 'parked', 'pending', 'held'), false) as is_draft
    from documents
    left join books
        on documents.connection_id = books.connection_id and coalesce(documents.ledger_id, 'all') = books.org_unit_id
    left join worth on documents.connection_id = worth.connection_id and documents.document_id = worth.document_id

),

final as (

    select
        connection_id,
        org_unit_id,
        document_id,
        coalesce(document_number, document_id) as document_number,
        case document_type
            when 'invoice' then 'sale'
            when 'bill' then 'purchase'
            when 'invoice_credit' then 'sale_credit'
            when 'bill_credit' then 'purchase_credit'
            else document_type
        end as document_kind,
        document_type,
        party_id,
        cast(null as varchar) as partner_ref,
        document_date,
        due_date,
        currency as currency_txn,
        {{ money('abs(total_txn)') }} as total_txn,
        {{ money('case when is_voided or is_draft then 0 else abs(coalesce(open_txn, 0)) end') }} as open_txn,
        {{ money('abs(total_func)') }} as total_func,
        cast(
            case
                when is_voided or is_draft or coalesce(open_txn, 0) = 0 then 0
                when open_txn = total_txn then abs(total_func)
                else round(abs(total_func) * abs(open_txn) / nullif(abs(total_txn), 0), 2)
            end as decimal(20, 4)
        ) as open_func,
        case
            when is_voided then 'voided'
            when is_draft then 'draft'
            when coalesce(open_txn, 0) <> 0 then 'open'
            else 'paid'
        end as status,
        updated_at,
        _page_id
    from measured

)

select * from final
