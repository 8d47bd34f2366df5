{{ config(materialized='table') }}
-- Every line of the ledger that follows from transactions, and what keeps its transaction out of it. A table, since the ledger and its
-- quarantine both read it, several times.
with

transactions as (

    select * from {{ ref('int_quickbooks_transactions_listed') }}

),

lines as (

    select * from {{ ref('stg_quickbooks__transaction_lines') }}

),

accounts as (

    select * from {{ ref('stg_quickbooks__accounts') }}

),

system_accounts as (

    select * from {{ ref('int_quickbooks_system_accounts_picked') }}

),

classes as (

    select * from {{ ref('int_quickbooks_classes_listed') }}

),

locations as (

    select * from {{ ref('int_quickbooks_locations_listed') }}

),

legs as (

    select * from {{ ref('int_quickbooks_document_legs_derived') }}
    union all
    select * from {{ ref('int_quickbooks_journal_legs_derived') }}
    union all
    select * from {{ ref('int_quickbooks_settlement_legs_derived') }}
    union all
    select * from {{ ref('int_quickbooks_money_legs_derived') }}

),

converted as (

    select
        legs.connection_id,
        legs.transaction_type,
        legs.transaction_id,
        legs.role,
        legs.line_number,
        legs.account_id,
        legs.amount_txn,
        {{ posted('cast(legs.amount_txn as decimal(20, 6)) * cast(legs.func_per_txn as decimal(18, 12))', 'transactions.currency_func') }}
            as rounded_func
    from legs
    inner join transactions
        on
            legs.connection_id = transactions.connection_id
            and legs.transaction_type = transactions.transaction_type
            and legs.transaction_id = transactions.transaction_id

),

weighed as (

    select
        *,
        sum(amount_txn) over (partition by connection_id, transaction_type, transaction_id) as residual_txn,
        sum(rounded_func) over (partition by connection_id, transaction_type, transaction_id) as residual_func,
        count(*) over (partition by connection_id, transaction_type, transaction_id)
        = count(rounded_func) over (partition by connection_id, transaction_type, transaction_id) as has_rates,
        row_number() over (
            partition by connection_id, transaction_type, transaction_id
            order by role in ('line', 'tax') desc, abs(amount_txn) desc, role asc, line_number asc
        ) as size_rank,
        transaction_type in ('Payment', 'BillPayment', 'Deposit') as meets_rates
    from converted

),

-- Balanced in its own currency, a transaction must balance at home: where several rates meet the difference is an exchange gain
-- or loss, elsewhere it is what rounding left and goes to the largest line. What does not balance in its own currency stays so.
balanced as (

    select
        connection_id,
        transaction_type,
        transaction_id,
        role,
        line_number,
        account_id,
        amount_txn,
        rounded_func - case
            when size_rank = 1 and residual_txn = 0 and has_rates and not meets_rates then residual_func
            else 0
        end as amount_func
    from weighed

    union all

    select
        weighed.connection_id,
        weighed.transaction_type,
        weighed.transaction_id,
        'gain' as role,
        0 as line_number,
        system_accounts.exchange_account_id as account_id,
        0 as amount_txn,
        -weighed.residual_func as amount_func
    from weighed
    inner join system_accounts on weighed.connection_id = system_accounts.connection_id
    where
        weighed.size_rank = 1
        and weighed.residual_txn = 0
        and weighed.residual_func <> 0
        and weighed.has_rates
        and weighed.meets_rates

),

described as (

    select
        balanced.connection_id,
        transactions.org_unit_id,
        balanced.transaction_type,
        balanced.transaction_id,
        transactions.transaction_number,
        transactions.document_kind,
        transactions.posting_date,
        coalesce(transactions.party_id, lines.entity_id, lines.customer_id) as party_id,
        transactions.currency_txn,
        balanced.role,
        balanced.line_number,
        case balanced.role
            when 'line' then coalesce('line-' || lines.line_key, 'line-n' || balanced.line_number)
            else balanced.role || '-' || balanced.line_number
        end as line_key,
        accounts.account_id,
        coalesce(
            balanced.account_id,
            case
                when balanced.role = 'gain' then 'the account of exchange gains'
                when balanced.role = 'tax' then 'the account of taxes'
                when balanced.role in ('control', 'unapplied') then 'the account of ' || coalesce(transactions.ledger, 'money') || 's'
                when balanced.role in ('money', 'deposit', 'cash_back') then 'the account of money'
                else 'the account of line ' || balanced.line_number
            end
        ) as account_named,
        coalesce(lines.description, transactions.description) as description,
        cast(balanced.amount_txn as decimal(38, 9)) as amount_txn,
        {{ money('balanced.amount_func') }} as amount_func,
        lines.tax_code_id as tax_code,
        lines.item_id as product_ref,
        coalesce(locations.department_name, classes.department_name) as department_name,
        case when classes.is_campaign then classes.class_id end as campaign_ref,
        transactions.created_at,
        transactions._page_id,
        transactions._dlt_load_id
    from balanced
    inner join transactions
        on
            balanced.connection_id = transactions.connection_id
            and balanced.transaction_type = transactions.transaction_type
            and balanced.transaction_id = transactions.transaction_id
    left join lines
        on
            balanced.connection_id = lines.connection_id
            and balanced.transaction_type = lines.transaction_type
            and balanced.transaction_id = lines.transaction_id
            and case balanced.role when 'line' then balanced.line_number end = lines.line_number
    left join accounts on balanced.connection_id = accounts.connection_id and balanced.account_id = accounts.account_id
    left join classes
        on
            balanced.connection_id = classes.connection_id
            and coalesce(lines.class_id, transactions.class_id) = classes.class_id
    left join locations
        on
            balanced.connection_id = locations.connection_id
            and coalesce(lines.department_id, transactions.department_id) = locations.department_id

),

judged as (

    select
        connection_id,
        transaction_type,
        transaction_id,
        case
            when count(*) filter (where account_id is null and role <> 'line') > 0 then 'no_control_account'
            when count(*) filter (where account_id is null) > 0 then 'no_account'
            when count(*) > count(amount_func) or sum(amount_txn) <> 0 or sum(amount_func) <> 0 then 'unbalanced_journal'
            when count(*) > count(posting_date) then 'no_date'
        end as reason,
        case
            when count(*) filter (where account_id is null) > 0
                then
                    'not in the chart: '
                    || array_to_string(list_sort(list(distinct account_named) filter (where account_id is null)), ', ')
            when count(*) > count(amount_func) then 'no exchange rate of ' || any_value(currency_txn) || ' is known for it'
            when sum(amount_txn) <> 0 or sum(amount_func) <> 0
                then
                    'debits ' || cast(sum(greatest(amount_txn, 0)) as decimal(20, 2))
                    || ', credits ' || cast(-sum(least(amount_txn, 0)) as decimal(20, 2)) || ' ' || any_value(currency_txn)
            when count(*) > count(posting_date) then 'it has no date'
        end as detail,
        case
            when count(*) = count(amount_func)
                then greatest(sum(greatest(amount_func, 0)), -sum(least(amount_func, 0)))
        end as total_func
    from described
    group by connection_id, transaction_type, transaction_id

),

final as (

    select
        described.*,
        judged.reason,
        judged.detail,
        judged.total_func
    from described
    inner join judged
        on
            described.connection_id = judged.connection_id
            and described.transaction_type = judged.transaction_type
            and described.transaction_id = judged.transaction_id

)

select * from final
