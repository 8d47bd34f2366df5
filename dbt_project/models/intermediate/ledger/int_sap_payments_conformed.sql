with

items as (

    select * from {{ ref('int_sap_open_items_listed') }}

),

payments as (

    select
        *,
        count(*) over (partition by connection_id, journal_id) as parts
    from items
    where is_payment

),

-- A payment of the whole clears its invoice; of a part, it refers to it.
paid as (

    select
        items.connection_id,
        items.clearing_journal_id as journal_id,
        items.financial_account_type,
        case when count(*) = 1 then min(items.document_id) end as document_id
    from items
    where not items.is_payment and items.clearing_journal_id is not null
    group by items.connection_id, items.clearing_journal_id, items.financial_account_type

),

banks as (

    select
        lines.connection_id,
        lines.company_code || '|' || lines.fiscal_year || '|' || lines.accounting_document as journal_id,
        arg_max(lines.account_id, abs(lines.amount_func)) as account_id,
        sum(lines.amount_func) as amount_func
    from {{ ref('stg_sap__gl_account_line_items') }} as lines
    inner join {{ ref('stg_sap__gl_accounts') }} as accounts
        on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    where accounts.account_type = 'C'
    group by lines.connection_id, lines.company_code || '|' || lines.fiscal_year || '|' || lines.accounting_document

),

final as (

    select
        payments.connection_id,
        payments.company_code as org_unit_id,
        payments.document_id as payment_id,
        -- What is credited to a customer or a supplier came in.
        case when payments.amount_func <= 0 then 'received' else 'made' end as payment_kind,
        payments.posting_date as payment_date,
        coalesce(payments.invoice_journal_id, paid.document_id) as document_id,
        banks.account_id as bank_account_id,
        payments.currency_txn,
        {{ money('abs(payments.amount_txn)') }} as amount_txn,
        -- What the bank moved: the item says what the invoice was worth when it was written.
        cast(
            abs(case when payments.parts = 1 then coalesce(banks.amount_func, payments.amount_func) else payments.amount_func end)
            as decimal(20, 4)
        ) as amount_func,
        -- A payment and its reversal both moved the bank, each on its day.
        case when payments.is_voided then 'reversed' else 'authorised' end as status
    from payments
    left join paid
        on
            payments.connection_id = paid.connection_id
            and payments.journal_id = paid.journal_id
            and payments.financial_account_type = paid.financial_account_type
    left join banks on payments.connection_id = banks.connection_id and payments.journal_id = banks.journal_id

)

select * from final
