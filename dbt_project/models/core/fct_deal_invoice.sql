-- Which invoices ask for which won deal: by the bill that begins the deal's term, and by the rhythm in which the term is billed. What an
-- invoice asks for beyond that belongs to no deal.
with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

documents as (

    select * from {{ ref('fct_billed_document') }}

),

days as (

    select * from {{ ref('fct_bill') }}

),

begun as (

    select * from {{ ref('fct_deal_term') }}

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
        customer_id,
        connection_id,
        document_id,
        document_date,
        currency_txn,
        net_txn,
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

-- A credit note takes back a bill of the year before it: the last one that asks for as much, else the last one that asks for more.
credits as (

    select
        documents.connection_id,
        documents.document_id,
        documents.net_txn,
        case when cut.term_txn <> 0 or cut.service_txn <> 0 then cut.term_start end as term_start
    from documents
    left join cut
        on
            documents.customer_id = cut.customer_id
            and documents.currency_txn = cut.currency_txn
            and cut.document_date between documents.document_date - 365 and documents.document_date
            and cut.net_txn >= -documents.net_txn
    where documents.document_kind = 'sale_credit'
    qualify row_number() over (
        partition by documents.connection_id, documents.document_id
        order by
            case when cut.net_txn = -documents.net_txn then 0 else 1 end,
            cut.document_date desc,
            cut.net_txn desc,
            cut.document_id desc
    ) = 1

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
        connection_id,
        document_id,
        case
            when customer_id is null then 'no_customer'
            when term_start is null then 'before_first_deal'
            when months_in >= term_months then 'after_term'
            else 'beyond_deal'
        end as part,
        net_txn - term_txn - service_txn as part_txn,
        term_start,
        billing_months,
        months_in,
        term_months
    from cut
    where net_txn <> term_txn + service_txn
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
