with

-- A payment names the document that it settles in some systems, a credit note in hardly any.
settled as (

    select
        connection_id,
        payment_date as settled_date
    from {{ ref('int_ledger_payments_stacked') }}
    where status = 'authorised'
    union all
    select
        connection_id,
        document_date as settled_date
    from {{ ref('int_ledger_documents_stacked') }}
    where document_kind in ('sale_credit', 'purchase_credit') and status in ('open', 'paid')

),

final as (

    select
        settled.connection_id,
        count(*) as settlement_count,
        max(settled.settled_date) as last_settled_date
    from settled
    cross join {{ ref('dim_as_of') }} as today
    where settled.settled_date > today.as_of_date
    group by settled.connection_id

)

select * from final
