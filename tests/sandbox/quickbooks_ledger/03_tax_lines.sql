-- Taxes of transactions as they stand.

with

transactions as (

    select * from books.transactions

),

final as (

    select tax_lines.*
    from quickbooks.transaction_tax_lines as tax_lines
    inner join transactions
        on
            tax_lines.connection_id = transactions.connection_id
            and tax_lines.transaction_type = transactions.transaction_type
            and tax_lines.transaction_id = transactions.id
            and tax_lines._dlt_load_id = transactions._dlt_load_id

)

select * from final
