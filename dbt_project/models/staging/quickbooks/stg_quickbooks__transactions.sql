with

source as (

    {{ completed_loads('quickbooks', 'transactions') }}

),

deletions as (

    select * from {{ ref('stg_quickbooks__deletions') }}

),

-- What was deleted stays as it last was; ids are never used again.
marked as (

    select
        source.*,
        deletions.object_id is not null as is_deleted
    from source
    left join deletions
        on
            source.connection_id = deletions.connection_id
            and source.transaction_type = deletions.entity
            and source.id = deletions.object_id

),

renamed as (

    select
        connection_id,
        transaction_type,
        id as transaction_id,
        coalesce(nullif(doc_number, ''), nullif(payment_ref_num, '')) as transaction_number,
        txn_date as posting_date,
        due_date,
        private_note as description,
        currency as currency_txn,
        exchange_rate as func_per_txn,
        coalesce(total_amt, 0) as total_txn,
        coalesce(balance, remaining_credit, 0) as open_txn,
        coalesce(deposit, 0) as deposit_txn,
        coalesce(amount, 0) as moved_txn,
        coalesce(cash_back_amount, 0) as cash_back_txn,
        coalesce(credit, false) as is_credit,
        -- A void leaves the transaction, without its amounts.
        coalesce(private_note like 'Voided%', false) and coalesce(total_amt, amount, 0) = 0 as is_voided,
        customer_id,
        vendor_id,
        entity_id,
        account_id,
        ar_account_id as receivable_account_id,
        ap_account_id as payable_account_id,
        deposit_to_account_id,
        bank_account_id,
        credit_card_account_id,
        from_account_id,
        to_account_id,
        cash_back_account_id,
        class_id,
        department_id,
        created_at,
        updated_at,
        is_deleted,
        _page_id,
        _dlt_load_id
    from marked

)

select * from renamed
