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

-- First what agrees in amount and month; of the rest what agrees in amount within six weeks; of the rest what only shares the month; of
-- the rest what is near in both.
sold_by_month as (

    select
        *,
        row_number() over (
            partition by seller_entity_id, buyer_entity_id, currency_txn, amount_txn, document_month order by seller_date, seller_key
        ) as place
    from sold

),

bought_by_month as (

    select
        *,
        row_number() over (
            partition by seller_entity_id, buyer_entity_id, currency_txn, amount_txn, document_month order by buyer_date, buyer_key
        ) as place
    from bought

),

agreed as (

    select
        sold_by_month.seller_key,
        bought_by_month.buyer_key,
        'matched' as match_status
    from sold_by_month
    inner join bought_by_month
        on
            sold_by_month.seller_entity_id = bought_by_month.seller_entity_id
            and sold_by_month.buyer_entity_id = bought_by_month.buyer_entity_id
            and sold_by_month.currency_txn = bought_by_month.currency_txn
            and sold_by_month.amount_txn = bought_by_month.amount_txn
            and sold_by_month.document_month = bought_by_month.document_month
            and sold_by_month.place = bought_by_month.place

),

sold_by_amount as (

    select
        sold.*,
        row_number() over (
            partition by sold.seller_entity_id, sold.buyer_entity_id, sold.currency_txn, sold.amount_txn
            order by sold.seller_date, sold.seller_key
        ) as place
    from sold
    anti join agreed on sold.seller_key = agreed.seller_key

),

bought_by_amount as (

    select
        bought.*,
        row_number() over (
            partition by bought.seller_entity_id, bought.buyer_entity_id, bought.currency_txn, bought.amount_txn
            order by bought.buyer_date, bought.buyer_key
        ) as place
    from bought
    anti join agreed on bought.buyer_key = agreed.buyer_key

),

late as (

    select
        sold_by_amount.seller_key,
        bought_by_amount.buyer_key,
        'timing' as match_status
    from sold_by_amount
    inner join bought_by_amount
        on
            sold_by_amount.seller_entity_id = bought_by_amount.seller_entity_id
            and sold_by_amount.buyer_entity_id = bought_by_amount.buyer_entity_id
            and sold_by_amount.currency_txn = bought_by_amount.currency_txn
            and sold_by_amount.amount_txn = bought_by_amount.amount_txn
            and sold_by_amount.place = bought_by_amount.place
    where abs(date_diff('day', sold_by_amount.seller_date, bought_by_amount.buyer_date)) <= {{ days_apart }}

),

sold_at_all as (

    select
        sold_by_amount.* exclude (place),
        row_number() over (
            partition by
                sold_by_amount.seller_entity_id, sold_by_amount.buyer_entity_id, sold_by_amount.currency_txn, sold_by_amount.document_month
            order by sold_by_amount.seller_date, sold_by_amount.seller_key
        ) as place
    from sold_by_amount
    anti join late on sold_by_amount.seller_key = late.seller_key

),

bought_at_all as (

    select
        bought_by_amount.* exclude (place),
        row_number() over (
            partition by
                bought_by_amount.seller_entity_id, bought_by_amount.buyer_entity_id, bought_by_amount.currency_txn,
                bought_by_amount.document_month
            order by bought_by_amount.buyer_date, bought_by_amount.buyer_key
        ) as place
    from bought_by_amount
    anti join late on bought_by_amount.buyer_key = late.buyer_key

),

differing as (

    select
        sold_at_all.seller_key,
        bought_at_all.buyer_key,
        'amount_differs' as match_status
    from sold_at_all
    inner join bought_at_all
        on
            sold_at_all.seller_entity_id = bought_at_all.seller_entity_id
            and sold_at_all.buyer_entity_id = bought_at_all.buyer_entity_id
            and sold_at_all.currency_txn = bought_at_all.currency_txn
            and sold_at_all.document_month = bought_at_all.document_month
            and sold_at_all.place = bought_at_all.place

),

-- Entered both late and with another amount: the nearest in time of those whose amounts are no further apart than half of the larger one.
late_and_differing as (

    select
        sold_at_all.seller_key,
        bought_at_all.buyer_key,
        'amount_differs' as match_status
    from sold_at_all
    anti join differing as differing_sold on sold_at_all.seller_key = differing_sold.seller_key
    inner join bought_at_all
        on
            sold_at_all.seller_entity_id = bought_at_all.seller_entity_id
            and sold_at_all.buyer_entity_id = bought_at_all.buyer_entity_id
            and sold_at_all.currency_txn = bought_at_all.currency_txn
    anti join differing as differing_bought on bought_at_all.buyer_key = differing_bought.buyer_key
    where
        abs(date_diff('day', sold_at_all.seller_date, bought_at_all.buyer_date)) <= {{ days_apart }}
        and 2 * abs(sold_at_all.amount_txn - bought_at_all.amount_txn)
        <= greatest(abs(sold_at_all.amount_txn), abs(bought_at_all.amount_txn))
    qualify
        row_number() over (
            partition by sold_at_all.seller_key
            order by
                abs(date_diff('day', sold_at_all.seller_date, bought_at_all.buyer_date)),
                abs(sold_at_all.amount_txn - bought_at_all.amount_txn), bought_at_all.buyer_key
        ) = 1
        and row_number() over (
            partition by bought_at_all.buyer_key
            order by
                abs(date_diff('day', sold_at_all.seller_date, bought_at_all.buyer_date)),
                abs(sold_at_all.amount_txn - bought_at_all.amount_txn), sold_at_all.seller_key
        ) = 1

),

paired as (

    select * from agreed
    union all
    select * from late
    union all
    select * from differing
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
