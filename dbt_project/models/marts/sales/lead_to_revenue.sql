-- From the first touch to the money in the bank, by the month in which a person was first met. A person stands for the firm's deal who
-- was qualified for it; a step that a later one implies was passed, whether anybody wrote it down or not.
{%- set steps = ['touch', 'lead', 'mql', 'sql', 'opportunity', 'won', 'invoiced', 'cash'] %}
with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

leads as (

    select * from {{ ref('fct_lead') }}

),

first_touches as (

    select
        connection_id,
        contact_id,
        any_value(entity_id) as entity_id,
        min(occurred_at) as touch_at,
        first(channel_id order by occurred_at, touch_id) as channel_id
    from {{ ref('fct_touchpoint') }}
    group by connection_id, contact_id

),

deals as (

    select * from {{ ref('fct_deal') }}
    where deal_type = 'new'

),

persons as (

    select
        contact_connection_id,
        contact_id,
        any_value(company_id) as company_id
    from {{ ref('bridge_person') }}
    group by contact_connection_id, contact_id

),

-- Whose deal it is: the lead of the firm that sales qualified first, else its first lead, else whom the deal names, else nobody known.
buyers as (

    select
        deals.deal_key,
        coalesce(leads.connection_id, deals.contact_connection_id, deals.connection_id) as connection_id,
        coalesce(leads.contact_id, deals.contact_id, 'deal|' || deals.deal_id) as contact_id
    from deals
    left join persons on deals.connection_id = persons.contact_connection_id and deals.company_id = persons.company_id
    left join leads on persons.contact_connection_id = leads.connection_id and persons.contact_id = leads.contact_id
    qualify row_number() over (
        partition by deals.deal_key
        order by
            case when leads.lead_id is null then 1 else 0 end,
            case when leads.sql_at <= deals.created_at + interval 1 day then 0 else 1 end,
            leads.sql_at,
            leads.lead_at,
            leads.lead_id
    ) = 1

),

payments as (

    select
        connection_id,
        document_id,
        min(payment_date) as paid_on
    from {{ ref('fct_payment') }}
    where payment_kind = 'received' and status = 'authorised'
    group by connection_id, document_id

),

-- When the first invoice of a deal went out, and when the first one was paid, where the books say which invoice a payment settles.
billed as (

    select
        invoices.deal_key,
        min(invoices.document_date) as invoiced_on,
        min(payments.paid_on) as paid_on
    from {{ ref('fct_deal_invoice') }} as invoices
    left join payments on invoices.connection_id = payments.connection_id and invoices.document_id = payments.document_id
    where invoices.deal_key is not null and invoices.part in ('term', 'service')
    group by invoices.deal_key

),

money as (

    select * from {{ ref('crm_ledger_consistency') }}
    where row_type = 'deal'

),

won_deals as (

    select
        buyers.connection_id,
        buyers.contact_id,
        any_value(deals.entity_id) as entity_id,
        any_value(deals.currency_rpt) as currency_rpt,
        min(deals.created_at) as opportunity_at,
        min(case when deals.status = 'won' then deals.closed_at end) as won_at,
        min(billed.invoiced_on) as invoiced_at,
        min(case when money.cash_func > 0 and billed.paid_on >= billed.invoiced_on then billed.paid_on end) as cash_at,
        bool_or(coalesce(money.cash_func, 0) > 0) as is_paid,
        bool_and(deals.status = 'lost') as is_lost,
        sum(deals.amount_rpt) as opportunity_rpt,
        sum(case when deals.status = 'won' then deals.amount_rpt end) as won_rpt,
        sum(money.invoiced_rpt) as invoiced_rpt,
        sum(money.cash_rpt) as cash_rpt
    from deals
    inner join buyers on deals.deal_key = buyers.deal_key
    left join billed on deals.deal_key = billed.deal_key
    left join money on deals.deal_key = money.deal_key
    group by buyers.connection_id, buyers.contact_id

),

everybody as (

    select
        connection_id,
        contact_id
    from first_touches
    union
    select
        connection_id,
        contact_id
    from leads
    union
    select
        connection_id,
        contact_id
    from won_deals

),

journeys as (

    select
        everybody.connection_id || '|' || everybody.contact_id as person_key,
        coalesce(first_touches.entity_id, leads.entity_id, won_deals.entity_id) as entity_id,
        coalesce(first_touches.channel_id, leads.channel_id, 'direct') as channel_id,
        least(first_touches.touch_at, leads.lead_at, won_deals.opportunity_at) as met_at,
        least(first_touches.touch_at, leads.lead_at, won_deals.opportunity_at) as touch_at,
        leads.lead_at,
        leads.mql_at,
        leads.sql_at,
        won_deals.opportunity_at,
        won_deals.won_at,
        won_deals.invoiced_at,
        won_deals.cash_at,
        leads.disqualified_at,
        coalesce(won_deals.is_lost, false) as is_lost,
        -- How far a person came: the number of the last step.
        case
            when won_deals.is_paid then 8
            when won_deals.invoiced_at is not null then 7
            when won_deals.won_at is not null then 6
            when won_deals.opportunity_at is not null then 5
            when leads.sql_at is not null then 4
            when leads.mql_at is not null then 3
            when leads.lead_at is not null then 2
            else 1
        end as last_step,
        won_deals.opportunity_rpt,
        won_deals.won_rpt,
        won_deals.invoiced_rpt,
        won_deals.cash_rpt
    from everybody
    left join first_touches
        on everybody.connection_id = first_touches.connection_id and everybody.contact_id = first_touches.contact_id
    left join leads on everybody.connection_id = leads.connection_id and everybody.contact_id = leads.contact_id
    left join won_deals on everybody.connection_id = won_deals.connection_id and everybody.contact_id = won_deals.contact_id

),

stood as (

    {% for step in steps %}
        select
            person_key,
            entity_id,
            channel_id,
            cast(date_trunc('month', met_at) as date) as cohort_month,
            {{ loop.index }} as step_number,
            '{{ step }}' as step,
            cast({{ step }}_at as timestamp) as reached_at,
            cast({{ 'null' if loop.last else loop.nextitem ~ '_at' }} as timestamp) as passed_at,
            last_step > {{ loop.index }} as is_passed,
            disqualified_at is not null and {{ 'true' if step in ['lead', 'mql', 'sql'] else 'false' }} as is_disqualified,
            is_lost and {{ 'true' if step == 'opportunity' else 'false' }} as is_lost,
            {{ step ~ '_rpt' if step in ['opportunity', 'won', 'invoiced', 'cash'] else 'cast(null as decimal(20, 4))' }} as amount_rpt
        from journeys
        where last_step >= {{ loop.index }}
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

-- Longer than nine of ten who passed a step took for it: it will hardly be passed any more.
paces as (

    select
        step,
        case
            when count(*) >= 20
                then cast(ceil(quantile_cont(date_diff('hour', reached_at, passed_at), 0.9) / 24) as bigint)
            else {{ var('default_sales_cycle_days') }}
        end as stalled_after_days
    from stood
    where is_passed and reached_at is not null and passed_at >= reached_at
    group by step

),

judged as (

    select
        stood.*,
        coalesce(paces.stalled_after_days, {{ var('default_sales_cycle_days') }}) as stalled_after_days,
        case
            when stood.step = 'cash' then 'arrived'
            when stood.is_passed then 'passed'
            when stood.is_lost then 'lost'
            when stood.is_disqualified then 'disqualified'
            when
                date_diff('day', stood.reached_at, parameters.as_of_date)
                > coalesce(paces.stalled_after_days, {{ var('default_sales_cycle_days') }})
                then 'stalled'
            else 'waiting'
        end as outcome
    from stood
    cross join parameters
    left join paces on stood.step = paces.step

),

final as (

    select
        judged.entity_id,
        judged.channel_id,
        judged.cohort_month,
        judged.step_number,
        judged.step,
        count(*) as reached_count,
        count(case when judged.outcome = 'passed' then 1 end) as passed_count,
        count(case when judged.outcome = 'disqualified' then 1 end) as disqualified_count,
        count(case when judged.outcome = 'lost' then 1 end) as lost_count,
        count(case when judged.outcome = 'stalled' then 1 end) as stalled_count,
        count(case when judged.outcome in ('waiting', 'arrived') then 1 end) as waiting_count,
        case
            when judged.step_number < {{ steps | length }}
                then cast(round(count(case when judged.outcome = 'passed' then 1 end) * 100.0 / count(*), 4) as decimal(9, 4))
        end as conversion_pct,
        count(case when judged.is_passed and judged.passed_at >= judged.reached_at then 1 end) as timed_count,
        cast(
            round(
                quantile_cont(
                    case
                        when judged.is_passed and judged.passed_at >= judged.reached_at
                            then date_diff('minute', judged.reached_at, judged.passed_at)
                    end,
                    0.5
                ) / 1440,
                2
            ) as decimal(18, 2)
        ) as median_days,
        any_value(judged.stalled_after_days) as stalled_after_days,
        {{ money('sum(judged.amount_rpt)') }} as amount_rpt,
        any_value(parameters.reporting_currency) as currency_rpt
    from judged
    cross join parameters
    group by judged.entity_id, judged.channel_id, judged.cohort_month, judged.step_number, judged.step

)

select * from final
