-- What can be settled: the control account of a document; of money on account all that stands against the bank.
with

legs as (

    select * from {{ ref('int_xero_document_legs_derived') }}
    where item_id is not null

),

final as (

    select
        connection_id,
        item_id,
        role,
        line_key,
        line_number,
        account_id,
        account_named,
        base_currency,
        currency_txn,
        party_id,
        document_id,
        document_kind,
        document_type,
        document_number,
        tax_code,
        product_ref,
        department_name,
        campaign_ref,
        amount_txn,
        amount_func,
        sum(amount_txn) over (partition by connection_id, item_id) as total_txn
    from legs
    where role = case when source_table in ('invoice', 'credit_note') then 'control' else role end and role <> 'bank'

)

select * from final
