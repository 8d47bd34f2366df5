with

items as (

    select * from {{ ref('stg_sap__operational_items') }}
    where financial_account_type in ('D', 'K')

),

customers as (

    select * from {{ ref('int_sap_party_numbers_listed') }}
    where account_type = 'D'

),

suppliers as (

    select * from {{ ref('int_sap_party_numbers_listed') }}
    where account_type = 'K'

),

-- Posting keys say what an item is in every system; types of documents are a firm's own, but SAP delivers these.
payments as (

    select distinct
        connection_id,
        journal_id
    from items
    where
        posting_key in ('05', '06', '07', '08', '15', '16', '17', '18', '25', '26', '27', '28', '35', '36', '37', '38')
        or document_type in ('DZ', 'KZ', 'ZP')

),

final as (

    select
        items.*,
        items.journal_id
        || case
            when count(*) over (partition by items.connection_id, items.journal_id) > 1 then '|' || items.accounting_document_item
            else ''
        end as document_id,
        case when items.financial_account_type = 'D' then customers.party_id else suppliers.party_id end as party_id,
        payments.journal_id is not null or reversed.journal_id is not null as is_payment,
        items.is_reversal or items.is_reversed as is_voided,
        -- Customers owe debits, suppliers are owed credits.
        case when items.financial_account_type = 'D' then 1 else -1 end as natural_sign
    from items
    left join customers on items.connection_id = customers.connection_id and items.customer = customers.party_number
    left join suppliers on items.connection_id = suppliers.connection_id and items.supplier = suppliers.party_number
    left join payments on items.connection_id = payments.connection_id and items.journal_id = payments.journal_id
    left join payments as reversed
        on
            items.connection_id = reversed.connection_id
            and case when items.is_reversal then items.reverse_journal_id end = reversed.journal_id

)

select * from final
