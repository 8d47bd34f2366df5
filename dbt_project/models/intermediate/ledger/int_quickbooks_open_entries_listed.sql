-- What is open on a control account and no invoice, bill or credit: journal entries, checks and deposits that post there themselves.
-- Debit positive. One row per transaction and ledger.
with

legs as (

    select * from {{ ref('int_quickbooks_journal_legs_derived') }}
    union all
    select * from {{ ref('int_quickbooks_document_legs_derived') }}
    where transaction_type = 'Purchase' and role = 'line'
    union all
    select * from {{ ref('int_quickbooks_money_legs_derived') }}
    where transaction_type = 'Deposit' and role = 'line'

),

accounts as (

    select * from {{ ref('stg_quickbooks__accounts') }}
    where account_type in ('Accounts Receivable', 'Accounts Payable')

),

lines as (

    select * from {{ ref('stg_quickbooks__transaction_lines') }}

),

final as (

    select
        legs.connection_id,
        legs.transaction_type,
        legs.transaction_id,
        case accounts.account_type when 'Accounts Receivable' then 'receivable' else 'payable' end as ledger,
        arg_max(legs.account_id, abs(legs.amount_txn)) as control_account_id,
        any_value(coalesce(lines.entity_id, lines.customer_id)) as party_id,
        any_value(legs.func_per_txn) as func_per_txn,
        sum(legs.amount_txn) as amount_txn
    from legs
    inner join accounts on legs.connection_id = accounts.connection_id and legs.account_id = accounts.account_id
    left join lines
        on
            legs.connection_id = lines.connection_id
            and legs.transaction_type = lines.transaction_type
            and legs.transaction_id = lines.transaction_id
            and case legs.role when 'line' then legs.line_number end = lines.line_number
    group by legs.connection_id, legs.transaction_type, legs.transaction_id, accounts.account_type

)

select * from final
