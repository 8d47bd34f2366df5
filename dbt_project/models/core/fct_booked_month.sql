-- What was booked on each line of the profit and loss for a month, by the month at whose closing it was known: what was entered later was
-- not known then. Charges between companies of the group stand apart, for the group's own figures are without them.
with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

lines as (

    select
        lines.entity_id,
        lines.connection_id,
        lines.account_id,
        coalesce(lines.department_name, 'none') as department_name,
        lines.partner_entity_id is not null as is_within_group,
        -- Thirteen periods a year are no months.
        case entities.calendar_pattern
            when '13x4' then cast(date_trunc('month', lines.posting_date) as date)
            else lines.period_month
        end as period_month,
        cast(
            date_trunc('month', lines.entry_created_at - interval 1 day - interval {{ var('closing_days') }} day) as date
        ) as entered_month,
        lines.amount_func * accounts.natural_sign as amount_func,
        lines.currency_func
    from {{ ref('fct_gl_line') }} as lines
    inner join {{ ref('dim_account') }} as accounts
        on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    inner join entities on lines.entity_id = entities.entity_id
    where accounts.is_profit_and_loss

),

final as (

    select
        lines.entity_id,
        lines.connection_id,
        lines.account_id,
        lines.department_name,
        lines.is_within_group,
        concat_ws(
            '|', lines.connection_id, lines.entity_id, lines.account_id, lines.department_name,
            case when lines.is_within_group then 'within' else 'outside' end
        ) as leaf_key,
        lines.period_month,
        greatest(lines.period_month, coalesce(lines.entered_month, lines.period_month)) as known_month,
        cast(sum(lines.amount_func) as decimal(20, 4)) as amount_func,
        lines.currency_func
    from lines
    cross join parameters
    where lines.period_month <= parameters.closed_month
    group by all

)

select * from final
