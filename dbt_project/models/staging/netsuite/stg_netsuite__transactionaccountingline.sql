with

source as (

    {{ completed_loads('netsuite', 'transactionaccountingline') }}

),

renamed as (

    select
        connection_id,
        transaction as transaction_id,
        transactionline as line_id,
        account as account_id,
        coalesce(amount, 0) as amount_func,
        amountunpaid as open_func,
        coalesce(posting, false) as is_posting,
        _page_id,
        _dlt_load_id
    from source

)

select * from renamed
