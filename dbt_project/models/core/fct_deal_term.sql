-- Which bill begins the term of which won deal. Invoices name no deal that the CRM knows: a deal meets them by its customer and by the day
-- it was won.
with

customers as (

    select * from {{ ref('bridge_customer_party') }}

),

lines as (

    select
        connection_id,
        deal_id,
        nullif(max(term_months), 0) as term_months
    from {{ ref('int_growth_deal_lines_stacked') }}
    group by connection_id, deal_id

),

deals as (

    select
        deals.* exclude (customer_id),
        -- Which of several customers a firm is may wait for a ruling.
        coalesce(deals.customer_id, 'undecided|' || deals.deal_key) as customer_id,
        case when deals.customer_id is null then 'firm|' || deals.connection_id || '|' || deals.company_id end as undecided_key,
        coalesce(lines.term_months, {{ var('default_term_months') }}) as term_months
    from {{ ref('fct_deal') }} as deals
    left join lines on deals.connection_id = lines.connection_id and deals.deal_id = lines.deal_id
    where deals.status = 'won'

),

days as (

    select * from {{ ref('fct_bill') }}

),

-- Firms of one name or one domain are hard to tell apart: a deal may be that of any customer who shares either with the firm's.
labels as (

    select
        customers.customer_id,
        customers.entity_id || '|' || parties.email_domain as label
    from customers
    inner join {{ ref('dim_party') }} as parties
        on customers.erp_connection_id = parties.connection_id and customers.erp_party_id = parties.party_id
    where parties.email_domain is not null
    union
    select
        customer_id,
        entity_id || '|' || regexp_replace(lower(trim(customer_name)), '\s+', ' ', 'g') as label
    from customers

),

-- Records that were compared with a firm's, whatever came of it.
compared as (

    {% for this, other in [('left', 'right'), ('right', 'left')] %}
        select
            {{ this }}_key as record_key,
            {{ other }}_key as other_key
        from {{ ref('identity_pair') }}
        where kind = 'firm'
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

candidates as (

    select distinct
        labels.customer_id,
        others.customer_id as candidate_id
    from labels
    inner join labels as others on labels.label = others.label
    where labels.customer_id <> others.customer_id
    qualify count(*) over (partition by labels.customer_id, labels.label) < 10
    union all
    select distinct
        customer_id,
        customer_id as candidate_id
    from customers
    union all
    select distinct
        deals.customer_id,
        customers.customer_id as candidate_id
    from deals
    inner join compared on deals.undecided_key = compared.record_key
    inner join customers on compared.other_key = 'firm|' || customers.erp_connection_id || '|' || customers.erp_party_id

),

following as (

    select
        deals.deal_key,
        deals.customer_id,
        concat_ws('|', deals.connection_id, coalesce(deals.company_id, deals.deal_key)) as firm_key,
        candidates.candidate_id,
        deals.term_months,
        deals.amount_txn,
        deals.currency_txn as deal_currency,
        cast(deals.closed_at as date) as closed_on,
        days.document_date,
        days.currency_txn,
        days.ahead_txn,
        days.service_txn,
        max(days.ahead_txn) over (partition by deals.deal_key, candidates.candidate_id, days.currency_txn) as largest_txn
    from deals
    inner join candidates on deals.customer_id = candidates.customer_id
    inner join days
        on
            candidates.candidate_id = days.customer_id
            and days.document_date between cast(deals.closed_at as date)
            and cast(deals.closed_at as date) + {{ var('deal_invoice_days') }}

),

-- The first bill after a deal was won begins its term; a small one before it is the last of what the former term had beside it.
beginnings as (

    select
        deal_key,
        customer_id,
        firm_key,
        candidate_id,
        term_months,
        amount_txn,
        deal_currency,
        closed_on,
        currency_txn,
        min(document_date) as term_start,
        arg_min(ahead_txn, document_date) as ahead_txn,
        arg_min(service_txn, document_date) as service_txn
    from following
    where ahead_txn >= 0.5 * largest_txn
    group by deal_key, customer_id, firm_key, candidate_id, term_months, amount_txn, deal_currency, closed_on, currency_txn

),

-- How well each bill goes into its deal: once, twice, four or twelve times.
fits as (

    select
        *,
        least(
            {% for months in [1, 3, 6, 12] %}
                abs((amount_txn - service_txn) / nullif(ahead_txn * greatest(term_months / {{ months }}, 1), 0) - 1)
                {{- ',' if not loop.last }}
            {% endfor %}
        ) as misfit
    from beginnings
    qualify row_number() over (
        partition by deal_key, candidate_id order by case when currency_txn = deal_currency then 0 else 1 end, currency_txn
    ) = 1

),

-- How many deals of a firm a customer's bills go into.
firms as (

    select
        firm_key,
        candidate_id,
        count(*) as fitting_deals,
        max(count(*)) over (partition by firm_key) as most_fitting_deals
    from fits
    where misfit < 0.25
    group by firm_key, candidate_id

),

-- A deal is that of the customer whose bill goes into it best. Against a customer speaks that the deal was taken for another's (a
-- twentieth), that it explains fewer of the firm's other deals (up to a twentieth), that its bill came later (a fiftieth for ten days),
-- and that it is in another currency. (A CRM may keep two firms of one domain as one, or one as two.)
final as (

    select
        fits.deal_key,
        fits.candidate_id as customer_id,
        fits.term_months,
        fits.amount_txn,
        fits.currency_txn,
        fits.term_start
    from fits
    left join firms on fits.firm_key = firms.firm_key and fits.candidate_id = firms.candidate_id
    where fits.candidate_id = fits.customer_id or fits.misfit < 0.25
    qualify row_number() over (
        partition by fits.deal_key
        order by
            fits.misfit
            + case when fits.candidate_id = fits.customer_id then 0 else 0.05 end
            + case when fits.currency_txn = fits.deal_currency then 0 else 0.5 end
            + 0.002 * date_diff('day', fits.closed_on, fits.term_start)
            + 0.05 * (1 - coalesce(firms.fitting_deals / firms.most_fitting_deals, 0)),
            fits.candidate_id
    ) = 1

)

select * from final
