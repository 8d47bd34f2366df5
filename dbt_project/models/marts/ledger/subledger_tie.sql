with

documents as (

    select * from {{ ref('fct_open_document') }}

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
        'debtors' as system_account,
        'accrec' as document_type,
        'current' as account_type,
        1 as side
    union all
    select
        'payable' as ledger,
        'creditors' as system_account,
        'accpay' as document_type,
        'currliab' as account_type,
        -1 as side

),

-- Where the chart does not mark its control account, it is the one that sales invoices, or bills, post to most often.
posted_to as (

    select
        lines.entity_id,
        lines.connection_id,
        lines.account_id,
        sides.ledger,
        sides.side,
        lines.currency_func,
        max(case when accounts.system_account = sides.system_account then 1 else 0 end) as is_marked,
        count(*) as line_count
    from lines
    inner join sides on lines.document_type = sides.document_type
    inner join accounts
        on
            lines.connection_id = accounts.connection_id
            and lines.account_id = accounts.account_id
            and (sides.system_account = accounts.system_account or sides.account_type = accounts.account_type)
    group by lines.entity_id, lines.connection_id, lines.account_id, sides.ledger, sides.side, lines.currency_func
    qualify row_number() over (
        partition by lines.connection_id, sides.ledger order by is_marked desc, line_count desc, lines.account_id asc
    ) = 1

),

controls as (

    select
        posted_to.entity_id,
        posted_to.connection_id,
        posted_to.ledger,
        posted_to.account_id,
        posted_to.currency_func,
        cast(sum(lines.amount_func) * any_value(posted_to.side) as decimal(20, 4)) as control_amount
    from posted_to
    inner join lines on posted_to.connection_id = lines.connection_id and posted_to.account_id = lines.account_id
    group by all

),

open_documents as (

    select
        connection_id,
        ledger,
        cast(sum(open_func) as decimal(20, 4)) as subledger_amount,
        count(*) as document_count
    from documents
    group by connection_id, ledger

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
        cast(0.01 * greatest(coalesce(open_documents.document_count, 0), 1) as decimal(20, 4)) as tolerance
    from controls
    left join open_documents on controls.connection_id = open_documents.connection_id and controls.ledger = open_documents.ledger

)

select * from final
