with

headers as (

    select * from {{ ref('stg_oracle_fusion__journal_headers') }}
    where status = 'P'

),

batches as (

    select * from {{ ref('stg_oracle_fusion__journal_batches') }}

),

ledgers as (

    select * from {{ ref('stg_oracle_fusion__ledgers') }}

),

books as (

    select * from {{ ref('int_oracle_fusion_books_conformed') }}

),

periods as (

    select * from {{ ref('int_oracle_fusion_periods_listed') }}

),

-- Journals tell their ledger by name, extracts by number. Those of secondary ledgers are not the books'; those of a ledger that nobody
-- knows stay, to be missed.
placed as (

    select
        headers.*,
        lower(coalesce(batches.source_name, headers.source_name)) as source_key,
        coalesce(ledgers.ledger_id, headers.ledger_id) as org_unit_id
    from headers
    left join batches on headers.connection_id = batches.connection_id and headers.batch_id = batches.batch_id
    left join ledgers as named
        on
            headers.connection_id = named.connection_id
            and case when headers.ledger_id is null then headers.ledger_name end = named.ledger_name
    left join ledgers
        on headers.connection_id = ledgers.connection_id and coalesce(headers.ledger_id, named.ledger_id) = ledgers.ledger_id
    left join books on ledgers.connection_id = books.connection_id and ledgers.ledger_id = books.org_unit_id
    where
        coalesce(batches.balance_type, headers.balance_type, 'A') = 'A'
        and (books.org_unit_id is not null or ledgers.ledger_id is null)

),

-- A journal that was taken back tells the name and the day of the journal that did it; extracts tell it the other way round.
matched as (

    select
        reversals.connection_id,
        reversals.journal_key,
        journals.journal_key as reverses_journal_id
    from placed as reversals
    inner join placed as journals
        on
            reversals.connection_id = journals.connection_id
            and reversals.org_unit_id = journals.org_unit_id
            and reversals.journal_name = journals.reversed_by_name
            and reversals.effective_date = journals.reversed_on_date
    where reversals.journal_key <> journals.journal_key
    union all
    select
        reversals.connection_id,
        reversals.journal_key,
        journals.journal_key as reverses_journal_id
    from placed as reversals
    inner join placed as journals
        on reversals.connection_id = journals.connection_id and reversals.reverses_header_id = journals.header_id

),

taken_back as (

    select
        connection_id,
        journal_key,
        min(reverses_journal_id) as reverses_journal_id
    from matched
    group by connection_id, journal_key

),

categorised as (

    select
        *,
        case lower(category_name)
            when 'sales invoices' then 'sale'
            when 'debit memos' then 'sale'
            when 'credit memos' then 'sale_credit'
            when 'credit memo applications' then 'sale_credit'
            when 'purchase invoices' then 'purchase'
            when 'receipts' then 'payment_received'
            when 'payments' then 'payment_made'
            when 'reconciled payments' then 'payment_made'
            when 'misc receipts' then 'bank_received'
            when 'miscellaneous receipts' then 'bank_received'
            when 'misc payments' then 'bank_spent'
            when 'miscellaneous payments' then 'bank_spent'
            when 'bank transfers' then 'bank_transfer'
            when 'opening balance' then 'opening'
        end as category_kind
    from placed

),

final as (

    select
        journals.connection_id,
        journals.org_unit_id,
        journals.journal_key,
        journals.journal_name,
        -- What is posted into another period than its day belongs to counts there.
        case
            when journals.effective_date between periods.start_date and periods.end_date then journals.effective_date
            else coalesce(periods.end_date, journals.effective_date)
        end as posting_date,
        journals.effective_date,
        coalesce(periods.is_adjustment, false) as is_adjustment_period,
        journals.created_at,
        journals.created_by,
        coalesce(
            journals.category_kind,
            case when journals.source_key in ('manual', 'spreadsheet') then 'journal' end,
            trim(regexp_replace(lower(journals.category_name), '[^a-z0-9]+', '_', 'g'), '_'),
            'journal'
        ) as journal_kind,
        -- Which list of documents its reference is a number of.
        case journals.category_kind
            when 'purchase' then 'invoice'
            when 'payment_made' then 'payment'
            when 'sale' then 'transaction'
            when 'sale_credit' then 'transaction'
            when 'payment_received' then 'receipt'
        end as source_list,
        journals.category_name,
        journals.external_reference,
        coalesce(journals.source_key in ('manual', 'spreadsheet'), false) as is_manual,
        journals.journal_description,
        journals.currency_txn,
        journals.func_per_txn,
        journals.legal_entity_name,
        taken_back.reverses_journal_id
    from categorised as journals
    left join periods
        on
            journals.connection_id = periods.connection_id
            and journals.org_unit_id = periods.ledger_id
            and journals.period_name = periods.period_name
    left join taken_back
        on journals.connection_id = taken_back.connection_id and journals.journal_key = taken_back.journal_key

)

select * from final
