-- Lines of transactions as they stand. A transaction and its parts travel in one load: what is older is no longer part of it.

with

transactions as (

    select * from books.transactions

),

final as (

    select lines.*
    from quickbooks.transaction_lines as lines
    inner join transactions
        on
            lines.connection_id = transactions.connection_id
            and lines.transaction_type = transactions.transaction_type
            and lines.transaction_id = transactions.id
            and lines._dlt_load_id = transactions._dlt_load_id

)

select * from final
