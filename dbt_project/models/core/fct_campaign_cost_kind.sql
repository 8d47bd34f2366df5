-- What the cost of campaigns consists of; the kinds of a campaign's month add up to what it cost.
with

costs as (

    select * from {{ ref('fct_campaign_cost') }}

),

rules as (

    select * from {{ ref('marketing_cost_kinds') }}

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

-- The first rule that knows an account says what its cost is: by its name, else by the group's account.
account_kinds as (

    select
        accounts.connection_id,
        accounts.account_id,
        accounts.group_account_code,
        arg_min(rules.cost_kind, rules.rule_order) as cost_kind
    from (
        select distinct
            known.connection_id,
            known.account_id,
            known.account_name,
            lines.group_account_code
        from {{ ref('fct_gl_line') }} as lines
        inner join {{ ref('dim_account') }} as known on lines.connection_id = known.connection_id and lines.account_id = known.account_id
        where known.account_class = 'expense'
    ) as accounts
    inner join rules
        on
            (rules.match_field = 'account_name' and lower(accounts.account_name) like rules.pattern)
            or (rules.match_field = 'group_account' and accounts.group_account_code = rules.pattern)
    group by accounts.connection_id, accounts.account_id, accounts.group_account_code

),

in_books as (

    select
        lines.entity_id,
        coalesce(lines.campaign_id, 'unassigned') as campaign_id,
        lines.period_month,
        coalesce(account_kinds.cost_kind, 'unmapped') as cost_kind,
        cast(sum(lines.amount_func) as decimal(20, 4)) as cost_func
    from {{ ref('fct_gl_line') }} as lines
    inner join {{ ref('dim_account') }} as accounts
        on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    left join account_kinds
        on
            lines.connection_id = account_kinds.connection_id
            and lines.account_id = account_kinds.account_id
            and lines.group_account_code = account_kinds.group_account_code
    where accounts.account_class = 'expense' and (lines.campaign_id is not null or lower(lines.department_name) = 'marketing')
    group by
        lines.entity_id, coalesce(lines.campaign_id, 'unassigned'), lines.period_month, coalesce(account_kinds.cost_kind, 'unmapped')

),

-- What only a platform tells is of the kind that its channel usually costs.
on_platform as (

    select
        costs.entity_id,
        costs.campaign_id,
        costs.period_month,
        coalesce(rules.cost_kind, 'unmapped') as cost_kind,
        costs.cost_func
    from costs
    left join {{ ref('dim_campaign') }} as campaigns
        on costs.entity_id = campaigns.entity_id and costs.campaign_id = campaigns.campaign_id
    left join rules on rules.match_field = 'channel' and campaigns.channel_id = rules.pattern
    where costs.cost_source = 'platform'

),

stacked as (

    select * from in_books
    union all
    select * from on_platform

),

exact as (

    select
        stacked.entity_id,
        stacked.campaign_id,
        stacked.period_month,
        stacked.cost_kind,
        costs.cost_source,
        stacked.cost_func,
        cast(stacked.cost_func * rates.average_rate as decimal(38, 9)) as cost_rpt,
        costs.cost_rpt as cost_total,
        costs.currency_rpt
    from stacked
    inner join costs
        on
            stacked.entity_id = costs.entity_id
            and stacked.campaign_id = costs.campaign_id
            and stacked.period_month = costs.period_month
    inner join rates on stacked.entity_id = rates.entity_id and stacked.period_month = rates.period_month

),

divided as (

    {{ largest_remainder(
        'exact', ['entity_id', 'campaign_id', 'period_month'], ['cost_kind'], [('cost_rpt', 'cost_total')], 'currency_rpt'
    ) }}

),

final as (

    select
        entity_id,
        campaign_id,
        period_month,
        cost_kind,
        cost_source,
        cost_func,
        cost_rpt,
        currency_rpt
    from divided

)

select * from final
