with

invoices as (

    select * from {{ ref('fct_document') }}
    where document_kind = 'sale' and status in ('open', 'paid') and partner_entity_id is null

),

customers as (

    select * from {{ ref('bridge_customer_party') }}

),

parameters as (

    select * from {{ ref('dim_as_of') }}

),

billed as (

    select distinct
        customers.entity_id,
        customers.customer_id,
        invoices.document_date
    from invoices
    inner join customers on invoices.connection_id = customers.erp_connection_id and invoices.party_id = customers.erp_party_id
    cross join parameters
    where invoices.document_date <= parameters.as_of_date

),

gaps as (

    select
        *,
        date_diff('day', lag(document_date) over (partition by customer_id order by document_date), document_date) as days_since_last
    from billed

),

-- How often a customer is billed tells until when it is one: monthly, quarterly, else yearly.
rhythms as (

    select
        entity_id,
        customer_id,
        min(document_date) as first_billed_on,
        max(document_date) as last_billed_on,
        case
            when median(days_since_last) <= 45 then 1
            when median(days_since_last) <= 135 then 3
            else 12
        end as billing_months
    from gaps
    group by entity_id, customer_id

),

final as (

    select
        entity_id,
        customer_id,
        first_billed_on,
        last_billed_on,
        billing_months,
        cast(last_billed_on + to_months(billing_months) as date) as active_until
    from rhythms

)

select * from final
