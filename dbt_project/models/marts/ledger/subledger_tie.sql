with

documents as (

    select * from {{ ref('fct_document') }}
    where open_txn <> 0

),

lines as (

    select * from {{ ref('fct_gl_line') }}

),

accounts as (

    select * from {{ ref('dim_account') }}

),

sides as (

    select
        'receivable' as ledger,
        'sale' as document_kind,
        'asset' as account_class,
        1 as side
    union all
    select
        'payable' as ledger,
        'purchase' as document_kind,
        'liability' as account_class,
        -1 as side

),

marked as (

    select
        accounts.connection_id,
        accounts.account_id,
        sides.ledger,
        sides.side
    from accounts
    inner join sides on accounts.system_role in (sides.ledger, 'intercompany_' || sides.ledger)

),

-- Where the chart does not mark its control account, it is the one that sales invoices, or bills, post to most often.
most_posted as (

    select
        lines.connection_id,
        lines.account_id,
        sides.ledger,
        sides.side
    from lines
    inner join sides on lines.document_kind = sides.document_kind
    inner join accounts
        on
            lines.connection_id = accounts.connection_id
            and lines.account_id = accounts.account_id
            and sides.account_class = accounts.account_class
    left join marked on lines.connection_id = marked.connection_id and sides.ledger = marked.ledger
    where marked.account_id is null
    group by lines.connection_id, lines.account_id, sides.ledger, sides.side
    qualify row_number() over (partition by lines.connection_id, sides.ledger order by count(*) desc, lines.account_id) = 1

),

control_accounts as (

    select * from marked
    union all
    select * from most_posted

),

-- Both as they were extracted: what the books already hold for days after the as-of date counts on either side.
entries as (

    select
        entity_id,
        connection_id,
        account_id,
        currency_func,
        amount_func
    from lines
    union all
    select
        entity_id,
        connection_id,
        account_id,
        currency_func,
        amount_func
    from {{ ref('fct_later_account_amount') }}

),

controls as (

    select
        entries.entity_id,
        entries.connection_id,
        control_accounts.ledger,
        min(entries.account_id) as account_id,
        entries.currency_func,
        cast(sum(entries.amount_func) * any_value(control_accounts.side) as decimal(20, 4)) as control_amount
    from entries
    inner join control_accounts
        on entries.connection_id = control_accounts.connection_id and entries.account_id = control_accounts.account_id
    group by entries.entity_id, entries.connection_id, control_accounts.ledger, entries.currency_func

),

open_amounts as (

    select
        entity_id,
        connection_id,
        ledger,
        case when document_kind in ('sale_credit', 'purchase_credit') then -open_func else open_func end as open_func,
        1 as document_count
    from documents
    union all
    select
        entity_id,
        connection_id,
        ledger,
        amount_func as open_func,
        document_count
    from {{ ref('fct_later_open_amount') }}

),

open_documents as (

    select
        entity_id,
        connection_id,
        ledger,
        cast(sum(open_func) as decimal(20, 4)) as subledger_amount,
        cast(sum(document_count) as bigint) as document_count
    from open_amounts
    group by entity_id, connection_id, ledger

),

final as (

    select
        controls.entity_id,
        controls.connection_id,
        controls.ledger,
        controls.account_id,
        controls.currency_func,
        cast(coalesce(open_documents.subledger_amount, 0) as decimal(20, 4)) as subledger_amount,
        controls.control_amount,
        cast(coalesce(open_documents.subledger_amount, 0) - controls.control_amount as decimal(20, 4)) as difference,
        coalesce(open_documents.document_count, 0) as document_count,
        cast(least(0.01 * greatest(coalesce(open_documents.document_count, 0), 1), 1) as decimal(20, 4)) as tolerance
    from controls
    left join open_documents
        on
            controls.entity_id = open_documents.entity_id
            and controls.connection_id = open_documents.connection_id
            and controls.ledger = open_documents.ledger

)

select * from final
