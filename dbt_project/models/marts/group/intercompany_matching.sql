{%- set days_apart = 45 %}  {# between the two sides of one charge #}
with

documents as (

    select
        documents.*,
        cast(date_trunc('month', documents.document_date) as date) as document_month
    from {{ ref('fct_document') }} as documents
    -- The other side can be found only where its books are read.
    inner join {{ ref('dim_entity') }} as partners on documents.partner_entity_id = partners.entity_id
    where
        partners.source_system <> 'none'
        and documents.partner_entity_id <> documents.entity_id
        and documents.status in ('open', 'paid')

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

translated as (

    select
        documents.*,
        case when documents.document_kind in ('sale_credit', 'purchase_credit') then -1 else 1 end as side,
        {{ posted('documents.total_func * rates.average_rate', 'rates.to_currency') }} as total_rpt,
        rates.to_currency as currency_rpt
    from documents
    inner join rates on documents.entity_id = rates.entity_id and documents.document_month = rates.period_month

),

sold as (

    select
        entity_id as seller_entity_id,
        partner_entity_id as buyer_entity_id,
        connection_id || '|' || document_id as seller_key,
        document_number as seller_document_number,
        document_date as seller_date,
        document_month,
        currency_txn,
        side * total_txn as amount_txn,
        side * total_rpt as amount_rpt,
        currency_rpt
    from translated
    where document_kind in ('sale', 'sale_credit')

),

bought as (

    select
        partner_entity_id as seller_entity_id,
        entity_id as buyer_entity_id,
        connection_id || '|' || document_id as buyer_key,
        document_number as buyer_document_number,
        document_date as buyer_date,
        document_month,
        currency_txn,
        side * total_txn as amount_txn,
        side * total_rpt as amount_rpt,
        currency_rpt
    from translated
    where document_kind in ('purchase', 'purchase_credit')

),

-- First what agrees in amount and month; of the rest what agrees in amount; of the rest what only shares the month; last what is near.
agreed as (

    {{ charges_sharing(['currency_txn', 'amount_txn', 'document_month'], 'matched', days_apart) }}

),

late as (

    {{ charges_sharing(['currency_txn', 'amount_txn'], 'timing', days_apart, besides=['agreed']) }}

),

differing as (

    {{ charges_sharing(['currency_txn', 'document_month'], 'amount_differs', days_apart, besides=['agreed', 'late']) }}

),

paired_by_place as (

    select * from agreed
    union all
    select * from late
    union all
    select * from differing

),

-- Entered both late and with another amount: the nearest in time of those whose amounts are no further apart than half of the larger one.
late_and_differing as (

    select
        sold.seller_key,
        bought.buyer_key,
        'amount_differs' as match_status
    from sold
    anti join paired_by_place as sold_already on sold.seller_key = sold_already.seller_key
    inner join bought
        on
            sold.seller_entity_id = bought.seller_entity_id
            and sold.buyer_entity_id = bought.buyer_entity_id
            and sold.currency_txn = bought.currency_txn
    anti join paired_by_place as bought_already on bought.buyer_key = bought_already.buyer_key
    where
        abs(date_diff('day', sold.seller_date, bought.buyer_date)) <= {{ days_apart }}
        and 2 * abs(sold.amount_txn - bought.amount_txn) <= greatest(abs(sold.amount_txn), abs(bought.amount_txn))
    qualify
        row_number() over (
            partition by sold.seller_key
            order by
                abs(date_diff('day', sold.seller_date, bought.buyer_date)), abs(sold.amount_txn - bought.amount_txn), bought.buyer_key
        ) = 1
        and row_number() over (
            partition by bought.buyer_key
            order by
                abs(date_diff('day', sold.seller_date, bought.buyer_date)), abs(sold.amount_txn - bought.amount_txn), sold.seller_key
        ) = 1

),

paired as (

    select * from paired_by_place
    union all
    select * from late_and_differing

),

every_pair as (

    select * from paired
    union all
    select
        sold.seller_key,
        null as buyer_key,
        'missing_at_buyer' as match_status
    from sold
    anti join paired on sold.seller_key = paired.seller_key
    union all
    select
        null as seller_key,
        bought.buyer_key,
        'missing_at_seller' as match_status
    from bought
    anti join paired on bought.buyer_key = paired.buyer_key

),

compared as (

    select
        coalesce(sold.seller_entity_id, bought.seller_entity_id) as seller_entity_id,
        coalesce(sold.buyer_entity_id, bought.buyer_entity_id) as buyer_entity_id,
        coalesce(sold.document_month, bought.document_month) as period_month,
        every_pair.match_status,
        sold.seller_key,
        sold.seller_document_number,
        sold.seller_date,
        bought.buyer_key,
        bought.buyer_document_number,
        bought.buyer_date,
        bought.document_month as buyer_month,
        coalesce(sold.currency_txn, bought.currency_txn) as currency_txn,
        coalesce(sold.amount_txn, 0) as seller_amount_txn,
        coalesce(bought.amount_txn, 0) as buyer_amount_txn,
        coalesce(sold.amount_rpt, 0) as seller_amount_rpt,
        coalesce(bought.amount_rpt, 0) as buyer_amount_rpt,
        coalesce(sold.currency_rpt, bought.currency_rpt) as currency_rpt,
        -- What one unit of the document's currency is in the seller's translation, else in the buyer's.
        coalesce(sold.amount_rpt / nullif(sold.amount_txn, 0), bought.amount_rpt / nullif(bought.amount_txn, 0)) as rate
    from every_pair
    left join sold on every_pair.seller_key = sold.seller_key
    left join bought on every_pair.buyer_key = bought.buyer_key

),

split as (

    select
        *,
        {{ posted('(seller_amount_txn - buyer_amount_txn) * rate', 'currency_rpt') }} as error_rpt
    from compared

),

final as (

    select
        seller_entity_id,
        buyer_entity_id,
        period_month,
        match_status,
        seller_key,
        seller_document_number,
        seller_date,
        buyer_key,
        buyer_document_number,
        buyer_date,
        currency_txn,
        cast(seller_amount_txn as decimal(20, 4)) as seller_amount_txn,
        cast(buyer_amount_txn as decimal(20, 4)) as buyer_amount_txn,
        cast(seller_amount_txn - buyer_amount_txn as decimal(20, 4)) as difference_txn,
        cast(seller_amount_rpt as decimal(20, 4)) as seller_amount_rpt,
        cast(buyer_amount_rpt as decimal(20, 4)) as buyer_amount_rpt,
        cast(seller_amount_rpt - buyer_amount_rpt as decimal(20, 4)) as difference_rpt,
        cast(error_rpt as decimal(20, 4)) as error_difference_rpt,
        cast(seller_amount_rpt - buyer_amount_rpt - error_rpt as decimal(20, 4)) as fx_difference_rpt,
        -- What is on its way at the seller's month end: right in time it comes back.
        cast(case when buyer_month > period_month then seller_amount_rpt else 0 end as decimal(20, 4)) as in_transit_rpt,
        currency_rpt
    from split

)

select * from final
