with

source as (

    {{ completed_loads('netsuite', 'transactionline') }}

),

renamed as (

    select
        connection_id,
        transaction as transaction_id,
        id as line_id,
        linesequencenumber as line_number,
        coalesce(mainline, false) as is_main_line,
        item as item_id,
        entity as party_id,
        subsidiary as subsidiary_id,
        department as department_id,
        class as class_id,
        memo as description,
        foreignamount as amount_txn,
        _page_id
    from source

)

select * from renamed
