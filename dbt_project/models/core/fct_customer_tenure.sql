with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

activity as (

    select * from {{ ref('fct_customer_activity') }}

),

purchases as (

    select
        entity_id,
        customer_id,
        purchase_date,
        {{ whole_sum('amount_rpt') }} as amount_rpt
    from {{ ref('fct_customer_purchase') }}
    where document_kind = 'sale' and amount_func > 0
    group by entity_id, customer_id, purchase_date

),

deals as (

    select * from {{ ref('int_growth_deals_stacked') }}
    where status = 'won'

),

deal_lines as (

    select * from {{ ref('int_growth_deal_lines_stacked') }}
    where term_months > 0

),

firms as (

    select * from {{ ref('bridge_customer_company') }}

),

conversions as (

    select distinct
        customer_id,
        cast(converted_at as date) as converted_on
    from {{ ref('fct_conversion') }}
    where customer_id is not null

),

-- Who has agreed to a term when buying.
agreed as (

    select
        firms.customer_id,
        max(deal_lines.term_months) as term_months
    from deals
    inner join deal_lines on deals.connection_id = deal_lines.connection_id and deals.deal_id = deal_lines.deal_id
    inner join firms on deals.connection_id = firms.crm_connection_id and deals.company_id = firms.crm_company_id
    group by firms.customer_id

),

-- Bills of a contract follow each other by whole months, up to three days early or late: by chance one distance in four does.
spaced as (

    select
        *,
        date_diff('day', lag(purchase_date) over (partition by customer_id order by purchase_date), purchase_date) as days_since_last,
        min(purchase_date) over (partition by customer_id) as first_purchase_date,
        min(purchase_date) over (partition by entity_id) as books_since
    from purchases

),

described as (

    select
        entity_id,
        customer_id,
        min(books_since) as books_since,
        min(purchase_date) as first_purchase_date,
        max(purchase_date) as last_purchase_date,
        count(*) as purchase_days,
        count(
            case
                when
                    round(days_since_last / {{ var('days_per_month') }}) >= 1
                    and abs(days_since_last - round(days_since_last / {{ var('days_per_month') }}) * {{ var('days_per_month') }}) <= 3
                    then 1
            end
        ) as regular_gaps,
        {{ whole_sum('amount_rpt') }} as amount_rpt,
        case
            when count(amount_rpt) = count(*) then avg(case when purchase_date > first_purchase_date then amount_rpt end)
        end as repeat_amount_rpt
    from spaced
    group by entity_id, customer_id

),

judged as (

    select
        described.*,
        case
            when agreed.term_months > 0 then 'contract'
            when described.purchase_days >= 3 and described.regular_gaps >= 0.75 * (described.purchase_days - 1) then 'contract'
            when described.purchase_days >= 3 then 'transaction'
        end as judged_relationship,
        case
            when agreed.term_months > 0 then 'deal_term'
            when described.purchase_days >= 3 then 'billing_rhythm'
        end as judged_by
    from described
    left join agreed on described.customer_id = agreed.customer_id

),

-- Whose two bills tell no rhythm is what most customers of the company are.
usual as (

    select
        entity_id,
        case when count(case when judged_relationship = 'contract' then 1 end) * 2 >= count(*) then 'contract' else 'transaction' end
            as usual_relationship
    from judged
    where judged_relationship is not null
    group by entity_id

),

-- A customer begins with its first bill where a won deal says so, or where the books were there long enough to show an earlier one.
begun as (

    select
        described.customer_id,
        count(conversions.customer_id) > 0 as is_won_then
    from described
    inner join conversions
        on
            described.customer_id = conversions.customer_id
            and conversions.converted_on between described.first_purchase_date - 92 and described.first_purchase_date + 31
    group by described.customer_id

),

-- A contract runs to the anniversary after its last bill: what is added within a year ends with it.
measured as (

    select
        judged.*,
        coalesce(judged.judged_relationship, usual.usual_relationship, 'unknown') as relationship,
        coalesce(judged.judged_by, case when usual.entity_id is not null then 'company_rhythm' end, 'unknown') as relationship_basis,
        activity.billing_months,
        coalesce(begun.is_won_then, false) or judged.first_purchase_date >= judged.books_since + interval 12 month as is_start_known,
        cast(
            (
                cast(
                    round(date_diff('day', judged.first_purchase_date, judged.last_purchase_date) / {{ var('days_per_month') }}) as integer
                )
                // activity.billing_months + 1
            ) * activity.billing_months as integer
        ) as billed_months,
        activity.active_until as billed_until
    from judged
    inner join activity on judged.customer_id = activity.customer_id
    left join usual on judged.entity_id = usual.entity_id
    left join begun on judged.customer_id = begun.customer_id

),

dated as (

    select
        measured.*,
        cast(
            case
                when measured.relationship = 'contract' then measured.first_purchase_date + to_months(measured.billed_months)
                else measured.billed_until
            end as date
        ) as active_until
    from measured

),

final as (

    select
        dated.entity_id,
        dated.customer_id,
        dated.relationship,
        dated.relationship_basis,
        dated.first_purchase_date,
        dated.last_purchase_date,
        cast(date_trunc('month', dated.first_purchase_date) as date) as acquired_month,
        dated.is_start_known,
        dated.billing_months,
        dated.active_until,
        case
            when dated.relationship = 'contract' then dated.active_until + {{ var('churn_grace_days') }} <= parameters.as_of_date
        end as has_ended,
        cast(
            case
                when dated.active_until + {{ var('churn_grace_days') }} <= parameters.as_of_date then dated.billed_months
                else least(date_sub('month', dated.first_purchase_date, parameters.as_of_date), dated.billed_months)
            end as integer
        ) as tenure_months,
        dated.purchase_days - 1 as frequency,
        date_diff('day', dated.first_purchase_date, dated.last_purchase_date) as recency_days,
        date_diff('day', dated.first_purchase_date, parameters.as_of_date) as age_days,
        {{ money('dated.repeat_amount_rpt') }} as monetary_value_rpt,
        {{ money('dated.amount_rpt') }} as billed_rpt,
        parameters.reporting_currency as currency_rpt
    from dated
    cross join parameters

)

select * from final
