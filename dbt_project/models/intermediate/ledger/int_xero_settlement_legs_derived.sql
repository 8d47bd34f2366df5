-- What payments and allocations debit and credit: they take away what a document has left open, at the document's own rate; the bank
-- moves at the rate of the day, and the difference is a currency gain or loss.
with

progressed as (

    select * from {{ ref('int_xero_settlements_listed') }}

),

components as (

    select * from {{ ref('int_xero_open_items_listed') }}

),

system_accounts as (

    select * from {{ ref('int_xero_system_accounts_picked') }}

),

-- One row a journal: a set-off takes from two documents.
journals as (

    select * from progressed
    qualify
        row_number() over (partition by connection_id, source_table, journal_id order by is_known desc, item_id asc) = 1

),

-- Parts of a document that is settled in several steps add up to what it was, to the cent.
relieved as (

    select
        progressed.connection_id,
        progressed.source_table,
        progressed.journal_id,
        progressed.part,
        components.role,
        components.line_key,
        components.line_number,
        components.account_id,
        components.account_named,
        -cast(
            round(components.amount_txn * (progressed.settled_txn / progressed.total_txn), 4)
            - round(components.amount_txn * ((progressed.settled_txn - progressed.amount_txn) / progressed.total_txn), 4)
            as decimal(38, 9)
        ) as amount_txn,
        -(
            {{ posted('components.amount_func * (progressed.settled_txn / progressed.total_txn)', 'components.base_currency') }}
            - {{ posted(
                'components.amount_func * ((progressed.settled_txn - progressed.amount_txn) / progressed.total_txn)',
                'components.base_currency'
            ) }}
        ) as amount_func,
        components.tax_code,
        components.product_ref,
        components.department_name,
        components.campaign_ref
    from progressed
    inner join components
        on progressed.connection_id = components.connection_id and progressed.item_id = components.item_id
    union all
    -- A document that nobody knows, in the books' own currency: what was paid is what it was.
    select
        progressed.connection_id,
        progressed.source_table,
        progressed.journal_id,
        progressed.part,
        case when progressed.is_prepayment then 'line' else 'control' end as role,
        'control' as line_key,
        0 as line_number,
        case
            when progressed.is_prepayment then null
            when progressed.is_receivable then system_accounts.receivable_account_id
            else system_accounts.payable_account_id
        end as account_id,
        case when progressed.is_prepayment then 'the account of the prepayment' else 'the control account' end as account_named,
        progressed.side * progressed.amount_txn as amount_txn,
        cast(
            case when progressed.currency_txn = progressed.base_currency then progressed.side * progressed.amount_txn end
            as decimal(20, 4)
        ) as amount_func,
        cast(null as varchar) as tax_code,
        cast(null as varchar) as product_ref,
        cast(null as varchar) as department_name,
        cast(null as varchar) as campaign_ref
    from progressed
    left join system_accounts on progressed.connection_id = system_accounts.connection_id
    where not progressed.is_known

),

taken as (

    select
        connection_id,
        source_table,
        journal_id,
        sum(amount_txn) as amount_txn,
        case when count(*) = count(amount_func) then sum(amount_func) end as amount_func
    from relieved
    group by connection_id, source_table, journal_id

),

-- The bank's side of a payment; an allocation has none. A bank account in a foreign currency is converted at the payment's rate.
banked as (

    select
        journals.connection_id,
        journals.source_table,
        journals.journal_id,
        journals.base_currency,
        journals.currency_txn,
        journals.bank_account_id,
        journals.bank_account_named,
        -taken.amount_txn as amount_txn,
        case
            when journals.source_table = 'allocation' then 0
            else
                sign(-taken.amount_txn)
                * case
                    when
                        coalesce(journals.bank_currency, journals.base_currency) = journals.base_currency
                        and journals.bank_amount is not null
                        then {{ money('journals.bank_amount') }}
                    else {{ posted('journals.amount_txn / coalesce(journals.units_per_base, 1)', 'journals.base_currency') }}
                end
        end as amount_func,
        taken.amount_func as taken_func
    from journals
    inner join taken
        on
            journals.connection_id = taken.connection_id
            and journals.source_table = taken.source_table
            and journals.journal_id = taken.journal_id

),

legs as (

    select
        connection_id,
        source_table,
        journal_id,
        role,
        part || ' ' || line_key as line_key,
        1 + line_number as line_number,
        account_id,
        account_named,
        amount_txn,
        amount_func,
        tax_code,
        product_ref,
        department_name,
        campaign_ref
    from relieved
    union all
    select
        connection_id,
        source_table,
        journal_id,
        'bank' as role,
        'bank' as line_key,
        0 as line_number,
        bank_account_id as account_id,
        bank_account_named as account_named,
        amount_txn,
        amount_func,
        cast(null as varchar) as tax_code,
        cast(null as varchar) as product_ref,
        cast(null as varchar) as department_name,
        cast(null as varchar) as campaign_ref
    from banked
    where source_table = 'payment'
    union all
    -- In the books' own currency there is nothing to gain: a difference there does not fit.
    select
        banked.connection_id,
        banked.source_table,
        banked.journal_id,
        'gain' as role,
        'gain' as line_key,
        100003 as line_number,
        system_accounts.currency_gain_account_id as account_id,
        'the account of realised currency gains' as account_named,
        cast(0 as decimal(38, 9)) as amount_txn,
        -(banked.amount_func + banked.taken_func) as amount_func,
        cast(null as varchar) as tax_code,
        cast(null as varchar) as product_ref,
        cast(null as varchar) as department_name,
        cast(null as varchar) as campaign_ref
    from banked
    left join system_accounts on banked.connection_id = system_accounts.connection_id
    where banked.currency_txn <> banked.base_currency and banked.amount_func + banked.taken_func <> 0

),

-- What a set-off takes from one account it mostly gives back to the same: only what moves is told.
moving as (

    select
        *,
        sum(amount_func) over accounts_of_journal as moved_func
    from legs
    window accounts_of_journal as (partition by connection_id, source_table, journal_id, account_id)

),

final as (

    select
        journals.connection_id,
        journals.org_unit_id,
        journals.base_currency,
        journals.source_table,
        journals.journal_id,
        journals.document_id,
        journals.document_kind,
        journals.document_type,
        journals.document_number,
        journals.settled_on as posting_date,
        journals.party_id,
        journals.currency_txn,
        moving.role,
        moving.line_key,
        moving.line_number,
        moving.account_id,
        moving.account_named,
        journals.document_number as description,
        cast(moving.amount_txn as decimal(38, 9)) as amount_txn,
        {{ money('moving.amount_func') }} as amount_func,
        moving.tax_code,
        moving.product_ref,
        moving.department_name,
        moving.campaign_ref,
        journals._page_id,
        journals._dlt_load_id
    from moving
    inner join journals
        on
            moving.connection_id = journals.connection_id
            and moving.source_table = journals.source_table
            and moving.journal_id = journals.journal_id
    where
        (moving.amount_txn <> 0 or moving.amount_func <> 0)
        and (moving.source_table = 'payment' or moving.moved_func <> 0 or moving.moved_func is null)

)

select * from final
