-- One day's invoices to a customer are one bill, however many papers it takes. Who defers nothing bills all of it ahead.
with

documents as (

    select * from {{ ref('fct_billed_document') }}

),

final as (

    select
        customer_id,
        document_date,
        currency_txn,
        {{ money('case when sum(ahead_txn) = 0 then sum(net_txn) else sum(ahead_txn) end') }} as ahead_txn,
        {{ money('case when sum(ahead_txn) = 0 then 0 else sum(net_txn - ahead_txn) end') }} as service_txn,
        sum(ahead_txn) = 0 as is_undeferred
    from documents
    where document_kind = 'sale' and customer_id is not null
    group by customer_id, document_date, currency_txn

)

select * from final
