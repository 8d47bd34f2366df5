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

controls as (

    select
        lines.entity_id,
        lines.connection_id,
        control_accounts.ledger,
        min(lines.account_id) as account_id,
        lines.currency_func,
        cast(sum(lines.amount_func) * any_value(control_accounts.side) as decimal(20, 4)) as control_amount
    from lines
    inner join control_accounts
        on lines.connection_id = control_accounts.connection_id and lines.account_id = control_accounts.account_id
    group by lines.entity_id, lines.connection_id, control_accounts.ledger, lines.currency_func

),

open_documents as (

    select
        entity_id,
        connection_id,
        ledger,
        cast(
            sum(case when document_kind in ('sale_credit', 'purchase_credit') then -open_func else open_func end) as decimal(20, 4)
        ) as subledger_amount,
        count(*) as document_count
    from documents
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
        cast(least(0.01 * greatest(coalesce(open_documents.document_count, 0), 1), 1) as decimal(20, 4)) as tolerance,
        later.connection_id is null as is_comparable
    from controls
    left join {{ ref('fct_later_settlement') }} as later on controls.connection_id = later.connection_id
    left join open_documents
        on
            controls.entity_id = open_documents.entity_id
            and controls.connection_id = open_documents.connection_id
            and controls.ledger = open_documents.ledger

)

select * from final
