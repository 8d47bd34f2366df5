-- Cash to come: what is owed to the company when its payers usually pay, what it owes when it usually pays, and of the rest (bills not yet
-- written, wages, taxes) what the months before make likely, on the days of the month on which it usually moves.
with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

entities as (

    select
        entity_id,
        any_value(currency_func) as currency_func
    from {{ ref('dim_entity') }}
    group by entity_id

),

documents as (

    select * from {{ ref('fct_document') }}

),

days as (

    select * from {{ ref('fct_cash_day') }}

),

rates as (

    select
        rates.entity_id,
        rates.to_currency,
        max_by(rates.closing_rate, rates.period_month) as closing_rate
    from {{ ref('fct_fx_rate') }} as rates
    group by rates.entity_id, rates.to_currency

),

paid as (

    select
        payments.connection_id,
        payments.document_id,
        max(payments.payment_date) as paid_date
    from {{ ref('fct_payment') }} as payments
    where payments.document_id is not null and payments.status = 'authorised'
    group by payments.connection_id, payments.document_id

),

delays as (

    select
        documents.ledger,
        documents.entity_id,
        documents.connection_id,
        documents.party_id,
        date_diff('day', documents.due_date, paid.paid_date) as days_late
    from documents
    inner join paid on documents.connection_id = paid.connection_id and documents.document_id = paid.document_id
    where documents.status = 'paid' and documents.document_kind in ('sale', 'purchase') and documents.due_date is not null

),

delays_of_parties as (

    select
        ledger,
        connection_id,
        party_id,
        median(days_late) as days_late
    from delays
    group by ledger, connection_id, party_id
    having count(*) >= 3

),

delays_of_entities as (

    select
        ledger,
        entity_id,
        median(days_late) as days_late
    from delays
    group by ledger, entity_id

),

-- Where books do not tell which payment was for which document: as the other companies are paid.
delays_of_all as (

    select
        ledger,
        median(days_late) as days_late
    from delays
    group by ledger

),

open_items as (

    select
        documents.entity_id,
        case
            when documents.partner_entity_id is not null and documents.ledger = 'receivable' then 'Receipts from group companies'
            when documents.partner_entity_id is not null then 'Payments to group companies'
            when documents.ledger = 'receivable' then 'Receipts from customers'
            else 'Payments to suppliers'
        end as cash_line,
        documents.ledger,
        coalesce(documents.due_date, documents.document_date) as due_date,
        cast(
            coalesce(documents.due_date, documents.document_date)
            + cast(
                round(
                    coalesce(delays_of_parties.days_late, delays_of_entities.days_late, delays_of_all.days_late, 0)
                ) as integer
            ) as date
        ) as usual_date,
        case when documents.document_kind in ('sale', 'purchase_credit') then 1 else -1 end * documents.open_func as amount_func
    from documents
    left join delays_of_parties
        on
            documents.ledger = delays_of_parties.ledger
            and documents.connection_id = delays_of_parties.connection_id
            and documents.party_id = delays_of_parties.party_id
    left join delays_of_entities
        on documents.ledger = delays_of_entities.ledger and documents.entity_id = delays_of_entities.entity_id
    left join delays_of_all on documents.ledger = delays_of_all.ledger
    where documents.status = 'open' and documents.open_func <> 0

),

-- What is late beyond the usual is expected within the fortnight; what is late by more than a quarter is not counted on.
expected_items as (

    select
        open_items.*,
        case
            when open_items.usual_date > parameters.as_of_date then open_items.usual_date
            else parameters.as_of_date + 14
        end as cash_date,
        open_items.ledger = 'receivable'
        and date_diff('day', open_items.due_date, parameters.as_of_date) > {{ var('cash_doubtful_days') }} as is_doubtful
    from open_items
    cross join parameters

),

items_of_days as (

    select
        entity_id,
        cash_line,
        cash_date,
        sum(amount_func) as amount_func
    from expected_items
    where not is_doubtful
    group by entity_id, cash_line, cash_date

),

-- On which days of a month money moves, over the last twelve closed months: counted from its beginning, after the twentieth from its end.
shares as (

    select
        days.entity_id,
        days.cash_line,
        {{ place_in_month('days.posting_date') }} as place_in_month,
        sum(abs(days.amount_func)) as amount
    from days
    cross join parameters
    where
        days.cash_flow_category = 'operating'
        and days.posting_date < parameters.closed_month + interval 1 month
        and days.posting_date >= parameters.closed_month - interval 11 month
    group by days.entity_id, days.cash_line, {{ place_in_month('days.posting_date') }}

),

calendar as (

    select
        outlooks.entity_id,
        outlooks.cash_line,
        outlooks.period_month,
        outlooks.mean_exact,
        cast(unnest(generate_series(outlooks.period_month, last_day(outlooks.period_month), interval 1 day)) as date) as cash_date
    from {{ ref('fct_cash_outlook') }} as outlooks

),

weighted as (

    select
        calendar.*,
        coalesce(shares.amount, 0) as weight
    from calendar
    left join shares
        on
            calendar.entity_id = shares.entity_id
            and calendar.cash_line = shares.cash_line
            and {{ place_in_month('calendar.cash_date') }} = shares.place_in_month

),

moved as (

    select
        entity_id,
        cash_line,
        date_trunc('month', posting_date) as period_month,
        sum(amount_func) as amount_func
    from days
    where cash_flow_category = 'operating'
    group by entity_id, cash_line, date_trunc('month', posting_date)

),

known as (

    select
        entity_id,
        cash_line,
        date_trunc('month', cash_date) as period_month,
        sum(amount_func) as amount_func
    from items_of_days
    group by entity_id, cash_line, date_trunc('month', cash_date)

),

-- What a month is likely to bring beyond what has moved in it and what is open: nothing less than nothing.
rests as (

    select
        weighted.entity_id,
        weighted.cash_line,
        weighted.cash_date,
        case
            when weighted.mean_exact > 0
                then greatest(weighted.mean_exact - coalesce(moved.amount_func, 0) - coalesce(known.amount_func, 0), 0)
            else least(weighted.mean_exact - coalesce(moved.amount_func, 0) - coalesce(known.amount_func, 0), 0)
        end as rest_exact,
        weighted.weight,
        sum(weighted.weight) over (partition by weighted.entity_id, weighted.cash_line, weighted.period_month) as all_weight
    from weighted
    cross join parameters
    left join moved
        on
            weighted.entity_id = moved.entity_id
            and weighted.cash_line = moved.cash_line
            and weighted.period_month = moved.period_month
    left join known
        on
            weighted.entity_id = known.entity_id
            and weighted.cash_line = known.cash_line
            and weighted.period_month = known.period_month
    where weighted.cash_date > parameters.as_of_date

),

flows as (

    select
        entity_id,
        cash_line,
        cash_date,
        amount_func as open_func,
        0 as likely_func
    from items_of_days
    union all
    select
        rests.entity_id,
        rests.cash_line,
        rests.cash_date,
        0 as open_func,
        {{ posted(
            'case when rests.all_weight > 0 then rests.rest_exact * rests.weight / rests.all_weight else 0 end', 'entities.currency_func'
        ) }} as likely_func
    from rests
    inner join entities on rests.entity_id = entities.entity_id

),

-- Thirteen weeks from tomorrow, and twelve months of which the first is tomorrow's.
periods as (

    select
        'week' as period_kind,
        *
    from ({{ coming_weeks() }}) as weeks
    union all
    select
        'month' as period_kind,
        cast(number as integer) as period_number,
        greatest(as_of_date + 1, cast(date_trunc('month', as_of_date + 1) + to_months(cast(number as integer) - 1) as date))
            as period_start_date,
        last_day(date_trunc('month', as_of_date + 1) + to_months(cast(number as integer) - 1)) as period_end_date
    from parameters
    cross join (select unnest(generate_series(1, 12)) as number) as numbers

),

balances as (

    select
        lines.entity_id,
        sum(lines.amount_func) as balance_func
    from {{ ref('fct_gl_line') }} as lines
    inner join {{ ref('dim_group_account') }} as chart on lines.group_account_code = chart.group_account_code
    cross join parameters
    where chart.cash_flow_category = 'cash' and lines.posting_date <= parameters.as_of_date
    group by lines.entity_id

),

doubtful as (

    select
        entity_id,
        sum(amount_func) as amount_func
    from expected_items
    where is_doubtful
    group by entity_id

),

summed as (

    select
        entities.entity_id,
        periods.period_kind,
        periods.period_number,
        periods.period_start_date,
        periods.period_end_date,
        {% for name, lines in [
            ('customers', "('Receipts from customers')"),
            ('suppliers', "('Payments to suppliers')"),
            ('employees', "('Payments to employees and authorities')"),
            ('taxes', "('Taxes')"),
            ('group', "('Receipts from group companies', 'Payments to group companies')"),
        ] %}
            coalesce(sum(case when flows.cash_line in {{ lines }} then flows.open_func + flows.likely_func end), 0) as {{ name }}_func,
        {% endfor %}
        coalesce(sum(flows.open_func + flows.likely_func), 0) as net_func,
        coalesce(sum(case when flows.open_func > 0 then flows.open_func end), 0) as open_receivables_func,
        coalesce(sum(case when flows.open_func < 0 then flows.open_func end), 0) as open_payables_func,
        coalesce(sum(flows.likely_func), 0) as likely_func
    from entities
    cross join periods
    left join flows
        on entities.entity_id = flows.entity_id and flows.cash_date between periods.period_start_date and periods.period_end_date
    group by entities.entity_id, periods.period_kind, periods.period_number, periods.period_start_date, periods.period_end_date

),

rolled as (

    select
        summed.*,
        coalesce(balances.balance_func, 0)
        + sum(summed.net_func) over (partition by summed.entity_id, summed.period_kind order by summed.period_number) as closing_func,
        coalesce(doubtful.amount_func, 0) as doubtful_func
    from summed
    left join balances on summed.entity_id = balances.entity_id
    left join doubtful on summed.entity_id = doubtful.entity_id

),

final as (

    select
        rolled.entity_id,
        rolled.period_kind,
        cast(rolled.period_number as bigint) as period_number,
        rolled.period_start_date,
        rolled.period_end_date,
        {{ money('rolled.closing_func - rolled.net_func') }} as opening_func,
        {{ money('rolled.customers_func') }} as customers_func,
        {{ money('rolled.suppliers_func') }} as suppliers_func,
        {{ money('rolled.employees_func') }} as employees_func,
        {{ money('rolled.taxes_func') }} as taxes_func,
        {{ money('rolled.group_func') }} as group_func,
        {{ money(
            'rolled.net_func - rolled.customers_func - rolled.suppliers_func - rolled.employees_func - rolled.taxes_func'
            ~ ' - rolled.group_func'
        ) }} as other_func,
        {{ money('rolled.net_func') }} as net_func,
        {{ money('rolled.closing_func') }} as closing_func,
        {{ money('rolled.open_receivables_func') }} as open_receivables_func,
        {{ money('rolled.open_payables_func') }} as open_payables_func,
        {{ money('rolled.likely_func') }} as likely_func,
        {{ money('rolled.doubtful_func') }} as doubtful_func,
        entities.currency_func,
        {{ posted('rolled.net_func * rates.closing_rate', 'rates.to_currency') }} as net_rpt,
        {{ posted('rolled.closing_func * rates.closing_rate', 'rates.to_currency') }} as closing_rpt,
        rates.to_currency as currency_rpt
    from rolled
    inner join entities on rolled.entity_id = entities.entity_id
    left join rates on rolled.entity_id = rates.entity_id

)

select * from final
