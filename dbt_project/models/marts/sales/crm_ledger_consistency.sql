-- What sales says was sold against what finance billed for it: a row for each won deal, and for each invoice or credit note, or the part
-- of one, that no deal explains.
with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

deals as (

    select * from {{ ref('fct_deal') }}
    where status = 'won'

),

parts as (

    select * from {{ ref('fct_deal_invoice') }}

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

billed as (

    select
        deal_key,
        any_value(customer_id) as billed_customer_id,
        any_value(currency_txn) as billed_currency,
        min(document_date) as first_billed_on,
        max(billing_months) as billing_months,
        max(term_months) as term_months,
        count(distinct case when document_kind = 'sale' then document_id end) as invoice_count,
        count(distinct case when part = 'term' then bill_number end) as bill_count,
        count(distinct case when document_kind = 'sale' then document_id end)
        > count(distinct case when document_kind = 'sale' then document_date end) as is_split,
        sum(case when part in ('term', 'service') then amount_txn else 0 end) as invoiced_txn,
        sum(case when part = 'term' and bill_number = 1 then amount_txn else 0 end) as first_bill_txn,
        -sum(case when part = 'credit' then amount_txn else 0 end) as credited_txn,
        sum(case when part in ('term', 'service') then amount_func else 0 end) as invoiced_func,
        -sum(case when part = 'credit' then amount_func else 0 end) as credited_func,
        sum(settled_func) as cash_func,
        sum(recognised_func) as recognised_func
    from parts
    where deal_key is not null
    group by deal_key

),

-- A bill is due when its period begins; a fortnight is the accountant's. Where one is missing, no more are expected.
expected as (

    select
        billed.*,
        coalesce(billed.term_months // nullif(billed.billing_months, 0), 1) as bills_agreed,
        1 + least(
            coalesce(billed.term_months // nullif(billed.billing_months, 0), 1) - 1,
            date_sub('month', billed.first_billed_on, parameters.as_of_date - 14) // coalesce(nullif(billed.billing_months, 0), 1)
        ) as bills_due
    from billed
    cross join parameters

),

agreed as (

    select
        *,
        case
            when bill_count >= bills_due then invoiced_txn + greatest(bills_agreed - bill_count, 0) * first_bill_txn
            else invoiced_txn
        end as contract_txn
    from expected

),

compared as (

    select
        deals.* exclude (customer_id),
        coalesce(agreed.billed_customer_id, deals.customer_id) as customer_id,
        agreed.invoice_count,
        agreed.bill_count,
        agreed.bills_due,
        agreed.is_split,
        agreed.contract_txn,
        agreed.invoiced_func,
        agreed.credited_txn,
        agreed.credited_func,
        agreed.cash_func,
        agreed.recognised_func,
        deals.closed_at > parameters.as_of_date - {{ var('deal_invoice_days') }} as is_recent,
        agreed.billed_currency = deals.currency_txn as is_same_currency,
        case
            when agreed.billed_currency = deals.currency_txn
                then abs(agreed.contract_txn - deals.amount_txn) <= deals.amount_txn * {{ var('deal_tolerance_pct') }} / 100
            else
                abs(agreed.contract_txn * agreed.invoiced_func / nullif(agreed.invoiced_txn, 0) - deals.amount_func)
                <= deals.amount_func * {{ var('deal_tolerance_pct') }} / 100
        end as is_within_tolerance
    from deals
    cross join parameters
    left join agreed on deals.deal_key = agreed.deal_key

),

rows_of_deals as (

    select
        'deal' as row_type,
        compared.deal_key as row_key,
        compared.entity_id,
        compared.customer_id,
        compared.deal_key,
        compared.deal_name,
        compared.deal_type,
        compared.seller_id,
        cast(null as varchar) as document_number,
        cast(compared.closed_at as date) as event_date,
        case
            when compared.invoice_count is null and compared.is_recent then 'pending'
            when compared.is_within_tolerance then 'matched'
            else 'unmatched'
        end as match_status,
        case
            when compared.invoice_count is null and compared.is_recent then 'timing'
            when compared.customer_id is null then 'no_customer'
            when compared.invoice_count is null then 'not_invoiced'
            when compared.amount_txn is null then 'no_amount'
            when not compared.is_same_currency and not coalesce(compared.is_within_tolerance, false) then 'currency'
            when not coalesce(compared.is_within_tolerance, false) and compared.bill_count < compared.bills_due then 'billing_stopped'
            when not coalesce(compared.is_within_tolerance, false) then 'amount_differs'
            when compared.credited_txn > 0 then 'credited'
            when compared.is_split then 'split'
            when compared.contract_txn = compared.amount_txn then 'agrees'
            else 'within_tolerance'
        end as reason_code,
        cast(coalesce(compared.invoice_count, 0) as bigint) as invoice_count,
        compared.currency_txn,
        compared.amount_txn as deal_amount_txn,
        case when compared.is_same_currency then compared.contract_txn end as contract_amount_txn,
        case when compared.is_same_currency then compared.contract_txn - compared.amount_txn end as difference_txn,
        compared.amount_func as deal_amount_func,
        coalesce(compared.invoiced_func, 0) as invoiced_func,
        coalesce(compared.credited_func, 0) as credited_func,
        coalesce(compared.cash_func, 0) as cash_func,
        coalesce(compared.recognised_func, 0) as recognised_func,
        compared.currency_func,
        compared.amount_rpt as deal_amount_rpt
    from compared

),

rows_of_invoices as (

    select
        'invoice' as row_type,
        parts.deal_invoice_key as row_key,
        parts.entity_id,
        parts.customer_id,
        cast(null as varchar) as deal_key,
        cast(null as varchar) as deal_name,
        cast(null as varchar) as deal_type,
        cast(null as varchar) as seller_id,
        parts.document_number,
        parts.document_date as event_date,
        'unmatched' as match_status,
        case parts.part
            when 'credit_without_deal' then 'credited'
            when 'no_customer' then 'no_customer'
            else 'invoiced_without_deal'
        end as reason_code,
        cast(1 as bigint) as invoice_count,
        parts.currency_txn,
        cast(null as decimal(20, 4)) as deal_amount_txn,
        parts.amount_txn as contract_amount_txn,
        parts.amount_txn as difference_txn,
        cast(null as decimal(20, 4)) as deal_amount_func,
        case when parts.document_kind = 'sale' then parts.amount_func else 0 end as invoiced_func,
        case when parts.document_kind = 'sale' then 0 else -parts.amount_func end as credited_func,
        parts.settled_func as cash_func,
        coalesce(parts.recognised_func, 0) as recognised_func,
        parts.currency_func,
        cast(null as decimal(20, 4)) as deal_amount_rpt,
        parts.part as reason_detail
    from parts
    where parts.deal_key is null

),

stacked as (

    select
        *,
        cast(null as varchar) as reason_detail
    from rows_of_deals
    union all
    select * from rows_of_invoices

),

final as (

    select
        stacked.row_type,
        stacked.row_key,
        stacked.entity_id,
        stacked.customer_id,
        stacked.deal_key,
        stacked.deal_name,
        stacked.deal_type,
        stacked.seller_id,
        stacked.document_number,
        stacked.event_date,
        cast(date_trunc('month', stacked.event_date) as date) as period_month,
        stacked.match_status,
        stacked.reason_code,
        stacked.reason_detail,
        stacked.invoice_count,
        stacked.currency_txn,
        stacked.deal_amount_txn,
        {{ money('stacked.contract_amount_txn') }} as contract_amount_txn,
        {{ money('stacked.difference_txn') }} as difference_txn,
        cast(round(stacked.difference_txn * 100 / nullif(stacked.deal_amount_txn, 0), 4) as decimal(18, 4)) as difference_pct,
        stacked.deal_amount_func,
        {{ money('stacked.invoiced_func') }} as invoiced_func,
        {{ money('stacked.credited_func') }} as credited_func,
        {{ money('stacked.cash_func') }} as cash_func,
        {{ money('stacked.recognised_func') }} as recognised_func,
        stacked.currency_func,
        stacked.deal_amount_rpt,
        {{ posted('stacked.invoiced_func * rates.average_rate', 'rates.to_currency') }} as invoiced_rpt,
        {{ posted('stacked.cash_func * rates.average_rate', 'rates.to_currency') }} as cash_rpt,
        rates.to_currency as currency_rpt
    from stacked
    left join rates
        on stacked.entity_id = rates.entity_id and cast(date_trunc('month', stacked.event_date) as date) = rates.period_month

)

select * from final
