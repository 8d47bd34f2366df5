-- Cost of campaigns and without one, as far as it comes from the books, is all that the books call marketing.
with

reported as (

    select entity_id, period_month, sum(books_cost_func) as amount
    from {{ ref('fct_campaign_cost') }}
    where books_cost_func is not null
    group by entity_id, period_month

),

booked as (

    select lines.entity_id, lines.period_month, sum(lines.amount_func) as amount
    from {{ ref('fct_gl_line') }} as lines
    inner join {{ ref('dim_account') }} as accounts
        on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    where accounts.account_class = 'expense' and (lines.campaign_id is not null or lower(lines.department_name) = 'marketing')
    group by lines.entity_id, lines.period_month

)

select coalesce(reported.entity_id, booked.entity_id) as entity_id, reported.amount as reported, booked.amount as booked
from reported
full join booked on reported.entity_id = booked.entity_id and reported.period_month = booked.period_month
where coalesce(reported.amount, 0) <> coalesce(booked.amount, 0)
