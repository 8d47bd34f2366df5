-- Which invoices ask for which won deal. Invoices name no deal that the CRM knows: a deal meets them by its customer, by the day it was
-- won and by the rhythm in which a term is billed. What an invoice asks for beyond that belongs to no deal.
with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

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

-- What a document is without tax, as the ledger has it: what is billed ahead, and what is earned at once.
posted as (

    select
        connection_id,
        document_id,
        -sum(amount_func) as net_func,
        -sum(case when group_account_code = '{{ var('deferred_revenue_account') }}' then amount_func else 0 end) as ahead_func,
        case when count(*) = count(amount_txn) then -sum(amount_txn) end as net_txn,
        -sum(case when group_account_code = '{{ var('deferred_revenue_account') }}' then amount_txn else 0 end) as ahead_txn,
        any_value(currency_txn) as currency_txn
    from {{ ref('fct_gl_line') }}
    where
        document_kind in ('sale', 'sale_credit')
        {% for code in var('receivable_and_tax_accounts') %}
            and group_account_code <> '{{ code }}'
        {% endfor %}
    group by connection_id, document_id

),

documents as (

    select
        documents.entity_id,
        customers.customer_id,
        documents.connection_id,
        documents.document_id,
        documents.document_number,
        documents.document_kind,
        documents.document_date,
        documents.currency_txn,
        documents.currency_func,
        posted.net_func,
        -- A journal in the books' own currency alone tells another currency's amount by the document's total.
        case
            when documents.currency_txn = documents.currency_func then posted.net_func
            when posted.currency_txn = documents.currency_txn and posted.net_txn is not null then posted.net_txn
            else {{ posted('documents.total_txn * posted.net_func / nullif(documents.total_func, 0)', 'documents.currency_txn') }}
        end as net_txn,
        case
            when documents.currency_txn = documents.currency_func then posted.ahead_func
            when posted.currency_txn = documents.currency_txn and posted.net_txn is not null then posted.ahead_txn
            else {{ posted('documents.total_txn * posted.ahead_func / nullif(documents.total_func, 0)', 'documents.currency_txn') }}
        end as ahead_txn,
        1 - coalesce(documents.open_txn / nullif(documents.total_txn, 0), 0) as settled_share
    from {{ ref('fct_document') }} as documents
    inner join posted on documents.connection_id = posted.connection_id and documents.document_id = posted.document_id
    left join customers on documents.connection_id = customers.erp_connection_id and documents.party_id = customers.erp_party_id
    where
        documents.document_kind in ('sale', 'sale_credit')
        and documents.partner_entity_id is null
        and documents.status in ('open', 'paid')

),

-- One day's invoices to a customer are one bill, however many papers it takes. Who defers nothing bills all of it ahead.
days as (

    select
        customer_id,
        document_date,
        currency_txn,
        case when sum(ahead_txn) = 0 then sum(net_txn) else sum(ahead_txn) end as ahead_txn,
        case when sum(ahead_txn) = 0 then 0 else sum(net_txn - ahead_txn) end as service_txn,
        sum(ahead_txn) = 0 as is_undeferred
    from documents
    where document_kind = 'sale' and customer_id is not null
    group by customer_id, document_date, currency_txn

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
begun as (

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

),

-- Deals that the same bill begins are billed together.
terms as (

    select
        begun.customer_id,
        begun.term_start,
        days.currency_txn,
        max(begun.term_months) as term_months,
        sum(begun.amount_txn) - any_value(days.service_txn) as recurring_txn,
        any_value(days.ahead_txn) as ahead_txn
    from begun
    inner join days
        on
            begun.customer_id = days.customer_id
            and begun.term_start = days.document_date
            and begun.currency_txn = days.currency_txn
    group by begun.customer_id, begun.term_start, days.currency_txn

),

placed as (

    select
        days.*,
        terms.term_start,
        terms.term_months,
        terms.recurring_txn,
        terms.ahead_txn as bill_txn,
        -- Three days' grace: a term that began on the 31st is billed on a month's last day.
        date_sub('month', terms.term_start, days.document_date + 3) as months_in
    from days
    asof inner join terms
        on
            days.customer_id = terms.customer_id
            and days.currency_txn = terms.currency_txn
            and days.document_date >= terms.term_start

),

-- How often a term is billed: by its second bill of the size of the first, else by how often the first one goes into the deal.
rhythms as (

    select
        customer_id,
        currency_txn,
        term_start,
        coalesce(
            min(case when months_in between 1 and term_months - 1 and ahead_txn >= 0.5 * bill_txn then months_in end),
            any_value(
                case
                    when recurring_txn >= 6.9 * bill_txn * term_months / 12 then 1
                    when recurring_txn >= 2.8 * bill_txn * term_months / 12 then 3
                    when recurring_txn >= 1.41 * bill_txn * term_months / 12 then 6
                    else term_months
                end
            )
        ) as billing_months
    from placed
    where ahead_txn is not null
    group by customer_id, currency_txn, term_start

),

scheduled as (

    select
        placed.*,
        rhythms.billing_months,
        placed.months_in < placed.term_months
        and placed.months_in % rhythms.billing_months = 0
        and row_number() over (
            partition by placed.customer_id, placed.currency_txn, placed.term_start, placed.months_in
            order by abs(placed.ahead_txn - placed.bill_txn), placed.document_date
        ) = 1 as is_due
    from placed
    inner join rhythms
        on
            placed.customer_id = rhythms.customer_id
            and placed.currency_txn = rhythms.currency_txn
            and placed.term_start = rhythms.term_start

),

-- A bill asks for the deal up to what the first one did; the rest is beyond it. Papers of one day are taken in the order of their size.
papers as (

    select
        documents.*,
        scheduled.term_start,
        scheduled.billing_months,
        scheduled.months_in,
        scheduled.term_months,
        case
            when scheduled.is_undeferred then documents.net_txn
            else documents.ahead_txn
        end as paper_ahead_txn,
        coalesce(scheduled.is_due, false) as is_due,
        scheduled.bill_txn
    from documents
    left join scheduled
        on
            documents.customer_id = scheduled.customer_id
            and documents.document_date = scheduled.document_date
            and documents.currency_txn = scheduled.currency_txn
    where documents.document_kind = 'sale'

),

ordered as (

    select
        *,
        sum(paper_ahead_txn) over (
            partition by customer_id, currency_txn, document_date order by paper_ahead_txn desc, document_id asc
            rows between unbounded preceding and current row
        ) as ahead_so_far
    from papers

),

cut as (

    select
        connection_id,
        document_id,
        case
            when is_due then least(ahead_so_far, bill_txn) - least(ahead_so_far - paper_ahead_txn, bill_txn)
            else 0
        end as term_txn,
        case when is_due and months_in = 0 then net_txn - paper_ahead_txn else 0 end as service_txn,
        term_start,
        billing_months,
        months_in,
        term_months
    from ordered

),

-- Credit notes take back what was billed in the term in which they are written.
credits as (

    select
        documents.connection_id,
        documents.document_id,
        documents.net_txn,
        terms.term_start
    from documents
    asof left join terms
        on
            documents.customer_id = terms.customer_id
            and documents.currency_txn = terms.currency_txn
            and documents.document_date >= terms.term_start
    where documents.document_kind = 'sale_credit'

),

pieces as (

    {% for part in ['term', 'service'] %}
        select
            connection_id,
            document_id,
            '{{ part }}' as part,
            {{ part }}_txn as part_txn,
            term_start,
            billing_months,
            months_in,
            term_months
        from cut
        where {{ part }}_txn <> 0
        union all
    {% endfor %}
    select
        cut.connection_id,
        cut.document_id,
        case
            when documents.customer_id is null then 'no_customer'
            when cut.term_start is null then 'before_first_deal'
            when cut.months_in >= cut.term_months then 'after_term'
            else 'beyond_deal'
        end as part,
        documents.net_txn - cut.term_txn - cut.service_txn as part_txn,
        cut.term_start,
        cut.billing_months,
        cut.months_in,
        cut.term_months
    from cut
    inner join documents on cut.connection_id = documents.connection_id and cut.document_id = documents.document_id
    where documents.document_kind = 'sale' and documents.net_txn <> cut.term_txn + cut.service_txn
    union all
    select
        connection_id,
        document_id,
        case when term_start is null then 'credit_without_deal' else 'credit' end as part,
        net_txn as part_txn,
        term_start,
        cast(null as bigint) as billing_months,
        cast(null as bigint) as months_in,
        cast(null as bigint) as term_months
    from credits

),

parts as (

    select
        documents.*,
        pieces.part,
        pieces.part_txn,
        pieces.term_start,
        pieces.billing_months,
        pieces.months_in,
        pieces.term_months
    from documents
    inner join pieces on documents.connection_id = pieces.connection_id and documents.document_id = pieces.document_id

),

-- Each deal of a term has its share; what rounding leaves goes to the last.
shares as (

    select
        deal_key,
        customer_id,
        currency_txn,
        term_start,
        sum(amount_txn) over running / nullif(sum(amount_txn) over whole, 0) as share_to,
        coalesce(sum(amount_txn) over before / nullif(sum(amount_txn) over whole, 0), 0) as share_from
    from begun
    window
        whole as (partition by customer_id, currency_txn, term_start),
        running as (whole order by deal_key rows between unbounded preceding and current row),
        before as (whole order by deal_key rows between unbounded preceding and 1 preceding)

),

owned as (

    select
        parts.*,
        shares.deal_key,
        case
            when shares.deal_key is null then parts.part_txn
            else
                {{ posted('parts.part_txn * coalesce(shares.share_to, 1)', 'parts.currency_txn') }}
                - {{ posted('parts.part_txn * coalesce(shares.share_from, 0)', 'parts.currency_txn') }}
        end as amount_txn
    from parts
    left join shares
        on
            parts.customer_id = shares.customer_id
            and parts.currency_txn = shares.currency_txn
            and case when parts.part in ('term', 'service', 'credit') then parts.term_start end = shares.term_start

),

-- In the entity's own currency the parts of a document are its whole: each has what the parts up to it have, less those before it.
func as (

    select
        owned.*,
        sum(owned.amount_txn) over (
            partition by owned.connection_id, owned.document_id order by owned.part, owned.deal_key
            rows between unbounded preceding and current row
        ) as txn_to,
        least(
            1,
            (date_diff('day', owned.document_date, parameters.as_of_date) + 1)
            / date_diff(
                'day', owned.document_date, cast(owned.document_date + to_months(cast(owned.billing_months as integer)) as date)
            )
        ) as passed_share
    from owned
    cross join parameters

),

final as (

    select
        concat_ws('|', func.connection_id, func.document_id, func.part, func.deal_key) as deal_invoice_key,
        func.entity_id,
        func.customer_id,
        func.deal_key,
        func.connection_id,
        func.document_id,
        func.document_number,
        func.document_kind,
        func.document_date,
        cast(date_trunc('month', func.document_date) as date) as period_month,
        func.part,
        func.term_start,
        func.billing_months,
        func.term_months,
        case when func.part = 'term' then func.months_in // func.billing_months + 1 end as bill_number,
        {{ money('func.amount_txn') }} as amount_txn,
        func.currency_txn,
        {{ posted('func.net_func * func.txn_to / nullif(func.net_txn, 0)', 'func.currency_func') }}
        - {{ posted('func.net_func * (func.txn_to - func.amount_txn) / nullif(func.net_txn, 0)', 'func.currency_func') }} as amount_func,
        {{ posted(
            'func.net_func * func.txn_to / nullif(func.net_txn, 0) * func.settled_share', 'func.currency_func'
        ) }}
        - {{ posted(
            'func.net_func * (func.txn_to - func.amount_txn) / nullif(func.net_txn, 0) * func.settled_share', 'func.currency_func'
        ) }} as settled_func,
        -- Billed ahead is earned by the day, a service at once. Whose days are not known is not told.
        case func.part
            when 'term'
                then {{ posted(
                    'func.net_func * func.amount_txn / nullif(func.net_txn, 0) * func.passed_share', 'func.currency_func'
                ) }}
            when 'service'
                then {{ posted('func.net_func * func.amount_txn / nullif(func.net_txn, 0)', 'func.currency_func') }}
        end as recognised_func,
        func.currency_func
    from func

)

select * from final
