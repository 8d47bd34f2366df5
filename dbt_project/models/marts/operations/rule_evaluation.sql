-- Every rule's figure for every subject of the latest closed month; `alert` compares them with the thresholds.
with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

accounts as (

    select * from {{ ref('dim_account') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

variances as (

    select variances.*
    from {{ ref('fct_variance') }} as variances
    inner join parameters on variances.period_month = parameters.closed_month
    where
        variances.comparison = 'budget_original' and variances.department_name = 'all'
        -- What neither moved nor was planned in the month is there for its year to date alone.
        and (variances.budget is not null or variances.actual <> 0)

),

-- What a month's movement on an account consists of, by what the lines say.
lines as (

    select
        lines.connection_id,
        lines.account_id,
        lines.period_month,
        coalesce(nullif(trim(regexp_replace(lines.description, '([A-Z]+-)?[0-9]{4,}(-[0-9]{2}){0,2}', '', 'g')), ''), 'no description')
            as line_text,
        sum(lines.amount_func * accounts.natural_sign) as amount
    from {{ ref('fct_gl_line') }} as lines
    inner join accounts on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    where accounts.is_profit_and_loss
    group by all

),

line_evidence as (

    select
        connection_id,
        account_id,
        period_month,
        list(
            { 'name': line_text, 'amount': cast(amount as varchar), 'share': round(amount / total, 4) }
            order by abs(amount) desc, line_text
        )[1:3] as contributors
    from (
        select
            *,
            sum(abs(amount)) over (partition by connection_id, account_id, period_month) as total
        from lines
    ) as shares
    where total > 0
    group by connection_id, account_id, period_month

),

-- Who a variance comes from, the largest of each step down first: department, product, vendor.
driver_evidence as (

    select
        drivers.connection_id,
        drivers.account_id,
        to_json(
            list(
                {
                    'name': {{ driver_name('drivers') }},
                    'amount': cast(drivers.amount as varchar),
                    'share': round(drivers.share_pct / 100, 4)
                }
                order by {{ driver_order('drivers') }}
            )[1:3]
        ) as evidence
    from {{ ref('variance_driver') }} as drivers
    inner join parameters on drivers.period_month = parameters.closed_month
    where drivers.comparison = 'budget_original' and (drivers.member_id is not null or drivers.dimension = 'none')
    group by drivers.connection_id, drivers.account_id

),

budget_variance_rule as (

    select
        'budget_variance' as rule_id,
        'account' as subject_type,
        variances.connection_id || '|' || variances.account_id as subject_id,
        variances.account_code || ' ' || variances.account_name as subject_name,
        variances.entity_id,
        cast(null as varchar) as department,
        variances.period_month,
        variances.variance_pct as value,
        variances.variance_abs as deviation,
        case when variances.budget is null or variances.budget = 0 then 'no budget for the month' end as obstacle,
        false as is_immature,
        driver_evidence.evidence
    from variances
    left join driver_evidence
        on variances.connection_id = driver_evidence.connection_id and variances.account_id = driver_evidence.account_id
    where variances.account_class = 'expense'

),

revenue_actuals as (

    select
        statements.entity_id,
        sum(statements.amount_func) as actual
    from {{ ref('profit_and_loss') }} as statements
    inner join parameters on statements.period_month = parameters.closed_month
    inner join accounts on statements.connection_id = accounts.connection_id and statements.account_id = accounts.account_id
    where accounts.account_type = 'revenue'
    group by statements.entity_id

),

revenue_budgets as (

    select
        variances.entity_id,
        sum(variances.budget) as budget,
        to_json(
            list(
                {
                    'name': variances.account_code || ' ' || variances.account_name,
                    'amount': cast(variances.variance_abs as varchar),
                    'share': null
                }
                order by variances.variance_abs, variances.account_code
            )[1:3]
        ) as evidence
    from variances
    inner join accounts on variances.connection_id = accounts.connection_id and variances.account_id = accounts.account_id
    where accounts.account_type = 'revenue'
    group by variances.entity_id

),

-- What a company is to reach in the month, in its books' currency or the reporting one.
targets_of_month as (

    select targets.*
    from {{ ref('fct_target') }} as targets
    inner join parameters on parameters.closed_month between targets.valid_from and targets.valid_to
    where targets.scope = 'entity'

),

revenue_rule as (

    select
        'revenue_below_target' as rule_id,
        'entity' as subject_type,
        entities.entity_id as subject_id,
        entities.entity_name as subject_name,
        entities.entity_id,
        'sales' as department,
        parameters.closed_month as period_month,
        (coalesce(revenue_targets.amount, revenue_budgets.budget) - revenue_actuals.actual) * 100
        / nullif(coalesce(revenue_targets.amount, revenue_budgets.budget), 0) as value,
        coalesce(revenue_targets.amount, revenue_budgets.budget) - revenue_actuals.actual as deviation,
        case
            when coalesce(revenue_targets.amount, revenue_budgets.budget, 0) = 0 then 'neither a revenue target nor a budget'
            when revenue_targets.currency <> entities.currency_func then 'the target is in another currency than the books'
            when revenue_actuals.actual is null then 'no revenue is booked in the month'
        end as obstacle,
        false as is_immature,
        revenue_budgets.evidence
    from entities
    cross join parameters
    left join revenue_actuals on entities.entity_id = revenue_actuals.entity_id
    left join revenue_budgets on entities.entity_id = revenue_budgets.entity_id
    left join targets_of_month as revenue_targets
        on entities.entity_id = revenue_targets.entity_id and revenue_targets.metric = 'revenue'

),

monthly_costs as (

    select
        statements.entity_id,
        statements.connection_id,
        statements.account_id,
        statements.account_code,
        statements.account_name,
        sum(case when statements.period_month = parameters.closed_month then statements.amount_func else 0 end) as actual,
        sum(case when statements.period_month < parameters.closed_month then statements.amount_func else 0 end) / 3 as usual,
        count(distinct case when statements.period_month < parameters.closed_month then statements.period_month end) as months_before,
        any_value(parameters.closed_month) as period_month
    from {{ ref('profit_and_loss') }} as statements
    cross join parameters
    where
        statements.account_class = 'expense'
        and statements.period_month between parameters.closed_month - interval 3 month and parameters.closed_month
    group by statements.entity_id, statements.connection_id, statements.account_id, statements.account_code, statements.account_name

),

-- An increase that the budget foresaw is not unexpected: what counts is the amount beyond both.
cost_increase_rule as (

    select
        'cost_increase' as rule_id,
        'account' as subject_type,
        monthly_costs.connection_id || '|' || monthly_costs.account_id as subject_id,
        monthly_costs.account_code || ' ' || monthly_costs.account_name as subject_name,
        monthly_costs.entity_id,
        cast(null as varchar) as department,
        monthly_costs.period_month,
        (monthly_costs.actual - monthly_costs.usual) * 100 / nullif(monthly_costs.usual, 0) as value,
        monthly_costs.actual - greatest(monthly_costs.usual, coalesce(variances.budget, monthly_costs.usual)) as deviation,
        case
            when monthly_costs.months_before < 3 then 'fewer than three months before'
            when monthly_costs.usual <= 0 then 'no usual cost to compare with'
        end as obstacle,
        false as is_immature,
        to_json(
            list_prepend(
                {
                    'name': 'average of the three months before',
                    'amount': cast(cast(monthly_costs.usual as decimal(20, 4)) as varchar),
                    'share': null
                },
                line_evidence.contributors
            )
        ) as evidence
    from monthly_costs
    left join variances
        on monthly_costs.connection_id = variances.connection_id and monthly_costs.account_id = variances.account_id
    left join line_evidence
        on
            monthly_costs.connection_id = line_evidence.connection_id
            and monthly_costs.account_id = line_evidence.account_id
            and monthly_costs.period_month = line_evidence.period_month

),

-- Companies whose sales a CRM tells: without one, no campaign has any return, and none is judged.
with_sales as (

    select entity_id
    from {{ ref('campaign_roi') }}
    group by entity_id
    having sum(attributed_revenue) > 0 or sum(leads) > 0

),

-- What a campaign's return consists of: the deals with the largest share in its revenue, and what its cost was for.
campaign_parts as (

    select
        credits.entity_id,
        credits.campaign_id,
        'deal ' || coalesce(conversions.deal_name, credits.conversion_id) as part_name,
        sum(credits.credit_amount_rpt) as amount,
        1 as part_order
    from {{ ref('revenue_attribution') }} as credits
    inner join {{ ref('fct_conversion') }} as conversions on credits.conversion_id = conversions.conversion_id
    where credits.attribution_model = 'linear' and credits.campaign_id is not null
    group by credits.entity_id, credits.campaign_id, credits.conversion_id, conversions.deal_name
    union all
    select
        entity_id,
        campaign_id,
        'cost of ' || cost_kind as part_name,
        sum(cost_rpt) as amount,
        2 as part_order
    from {{ ref('fct_campaign_cost_kind') }}
    group by entity_id, campaign_id, cost_kind

),

campaign_evidence as (

    select
        entity_id,
        campaign_id,
        list(
            { 'name': part_name, 'amount': cast(cast(amount as decimal(20, 4)) as varchar), 'share': round(amount / nullif(total, 0), 4) }
            order by part_order, size_rank
        ) as contributors
    from (
        select
            *,
            sum(amount) over (partition by entity_id, campaign_id, part_order) as total,
            row_number() over (partition by entity_id, campaign_id, part_order order by amount desc, part_name) as size_rank
        from campaign_parts
        where amount <> 0
    ) as ranked
    where size_rank <= 3
    group by entity_id, campaign_id

),

campaign_rule as (

    select
        'campaign_roi_low' as rule_id,
        'campaign' as subject_type,
        returns.campaign_id as subject_id,
        returns.campaign_name as subject_name,
        returns.entity_id,
        'marketing' as department,
        parameters.closed_month as period_month,
        returns.roi_pct as value,
        returns.cost_total as deviation,
        case
            when returns.roi_status = 'no_cost' then 'no cost is known'
            when returns.roi_status = 'missing_rate' then 'a rate is missing'
            when with_sales.entity_id is null then 'no CRM tells what was sold'
        end as obstacle,
        returns.roi_status = 'immature' as is_immature,
        to_json(
            list_concat(
                [
                    { 'name': 'cost', 'amount': cast(returns.cost_total as varchar), 'share': null },
                    { 'name': 'attributed revenue', 'amount': cast(returns.attributed_revenue as varchar), 'share': null },
                    { 'name': 'leads', 'amount': cast(returns.leads as varchar), 'share': null }
                ],
                coalesce(campaign_evidence.contributors, [])
            )
        ) as evidence
    from {{ ref('campaign_roi') }} as returns
    cross join parameters
    left join with_sales on returns.entity_id = with_sales.entity_id
    left join campaign_evidence on returns.entity_id = campaign_evidence.entity_id and returns.campaign_id = campaign_evidence.campaign_id
    where
        returns.attribution_model = 'linear' and returns.roi_status <> 'unassigned'
        and (returns.end_date is null or returns.end_date >= parameters.as_of_date - {{ var('roi_alert_window_days') }})

),

acquisition as (

    select
        economics.entity_id,
        {{ whole_sum('economics.acquisition_cost') }} as cost,
        sum(economics.new_customers) as new_customers
    from {{ ref('unit_economics') }} as economics
    cross join parameters
    where
        economics.channel = 'all'
        and economics.period_month between parameters.closed_month - interval 2 month and parameters.closed_month
    group by economics.entity_id

),

channel_evidence as (

    select
        economics.entity_id,
        to_json(
            list(
                { 'name': economics.channel, 'amount': cast(economics.cost as varchar), 'share': null }
                order by economics.cost desc, economics.channel
            )[1:3]
        ) as evidence
    from (
        select
            economics.entity_id,
            economics.channel,
            sum(economics.acquisition_cost) as cost
        from {{ ref('unit_economics') }} as economics
        cross join parameters
        where
            economics.channel <> 'all'
            and economics.period_month between parameters.closed_month - interval 2 month and parameters.closed_month
        group by economics.entity_id, economics.channel
    ) as economics
    where economics.cost > 0
    group by economics.entity_id

),

cac_targets as (

    select
        targets.entity_id,
        true as is_set,
        case
            when targets.currency = parameters.reporting_currency then targets.amount
            when targets.currency = rates.from_currency then {{ posted('targets.amount * rates.average_rate', 'rates.to_currency') }}
        end as amount
    from targets_of_month as targets
    cross join parameters
    left join {{ ref('fct_fx_rate') }} as rates
        on targets.entity_id = rates.entity_id and parameters.closed_month = rates.period_month
    where targets.metric = 'cac'

),

cac_rule as (

    select
        'cac_over_target' as rule_id,
        'entity' as subject_type,
        entities.entity_id as subject_id,
        entities.entity_name as subject_name,
        entities.entity_id,
        'marketing' as department,
        parameters.closed_month as period_month,
        (acquisition.cost / nullif(acquisition.new_customers, 0) - cac_targets.amount) * 100 / nullif(cac_targets.amount, 0) as value,
        acquisition.cost / nullif(acquisition.new_customers, 0) - cac_targets.amount as deviation,
        case
            when cac_targets.is_set is null then 'no target for CAC'
            when cac_targets.amount is null then 'the target is in a currency without a rate'
            when coalesce(acquisition.new_customers, 0) = 0 then 'no new customers in three months'
            when acquisition.cost is null then 'a rate is missing'
        end as obstacle,
        false as is_immature,
        channel_evidence.evidence
    from entities
    cross join parameters
    left join acquisition on entities.entity_id = acquisition.entity_id
    left join cac_targets on entities.entity_id = cac_targets.entity_id
    left join channel_evidence on entities.entity_id = channel_evidence.entity_id

),

development_rule as (

    select
        'development_over_budget' as rule_id,
        'entity' as subject_type,
        entities.entity_id as subject_id,
        entities.entity_name as subject_name,
        entities.entity_id,
        'product' as department,
        parameters.closed_month as period_month,
        cast(null as double) as value,
        cast(null as double) as deviation,
        'no development data is connected' as obstacle,
        false as is_immature,
        cast(null as json) as evidence
    from entities
    cross join parameters

),

outlook_departments as (

    select
        connection_id,
        account_id,
        list(
            { 'name': 'department ' || department_name, 'amount': cast(amount as varchar), 'share': round(amount / nullif(total, 0), 4) }
            order by abs(amount) desc, department_name
        )[1:3] as contributors
    from (
        select
            connection_id,
            account_id,
            department_name,
            sum(amount) as amount,
            sum(sum(amount)) over (partition by connection_id, account_id) as total
        from {{ ref('budget_outlook') }}
        where department_name not in ('all', 'none')
        group by connection_id, account_id, department_name
    ) as departments
    where amount <> 0
    group by connection_id, account_id

),

outlooks as (

    select
        entity_id,
        connection_id,
        account_id,
        account_code,
        account_name,
        max(full_year_budget) as budget,
        sum(amount) as outlook,
        sum(case when is_forecast then 0 else amount end) as booked,
        bool_or(is_forecast) and bool_and(amount is not null) as is_whole
    from {{ ref('budget_outlook') }}
    where department_name = 'all' and account_class = 'expense'
    group by entity_id, connection_id, account_id, account_code, account_name

),

budget_outlook_rule as (

    select
        'budget_outlook' as rule_id,
        'account' as subject_type,
        outlooks.connection_id || '|' || outlooks.account_id as subject_id,
        outlooks.account_code || ' ' || outlooks.account_name as subject_name,
        outlooks.entity_id,
        cast(null as varchar) as department,
        parameters.closed_month as period_month,
        (outlooks.outlook - outlooks.budget) * 100 / nullif(abs(outlooks.budget), 0) as value,
        outlooks.outlook - outlooks.budget as deviation,
        case
            when coalesce(outlooks.budget, 0) = 0 then 'no budget for the whole year'
            when not outlooks.is_whole then 'the rest of the year is not forecast'
        end as obstacle,
        false as is_immature,
        to_json(
            list_concat(
                [
                    { 'name': 'closed months', 'amount': cast(outlooks.booked as varchar), 'share': null },
                    { 'name': 'forecast of the rest', 'amount': cast(outlooks.outlook - outlooks.booked as varchar), 'share': null }
                ],
                coalesce(outlook_departments.contributors, [])
            )
        ) as evidence
    from outlooks
    cross join parameters
    left join outlook_departments
        on outlooks.connection_id = outlook_departments.connection_id and outlooks.account_id = outlook_departments.account_id

),

evaluated as (

    select * from budget_variance_rule
    union all
    select * from budget_outlook_rule
    union all
    select * from revenue_rule
    union all
    select * from cost_increase_rule
    union all
    select * from campaign_rule
    union all
    select * from cac_rule
    union all
    select * from development_rule

),

final as (

    select
        rule_id,
        subject_type,
        cast(subject_id as varchar) as subject_id,
        subject_name,
        entity_id,
        department,
        period_month,
        cast(case when obstacle is null then value end as decimal(20, 4)) as value,
        cast(deviation as decimal(20, 4)) as deviation,
        obstacle,
        is_immature,
        cast(evidence as varchar) as evidence,
        -- The rows behind the figure, as whoever gets the alert asks for them.
        case
            when subject_type = 'campaign'
                then
                    'select * from marts.revenue_attribution where attribution_model = ''linear'' and entity_id = '
                    || {{ quoted('entity_id') }}
                    || ' and campaign_id = '
                    || {{ quoted('subject_id') }}
                    || ' order by credit_amount_rpt desc'
            when rule_id = 'budget_outlook'
                then
                    'select * from marts.budget_outlook where connection_id || ''|'' || account_id = ' || {{ quoted('subject_id') }}
                    || ' order by department_name, period_month'
            when subject_type = 'account'
                then
                    'select * from marts.general_ledger where connection_id || ''|'' || account_id = ' || {{ quoted('subject_id') }}
                    || ' and period_month = ' || {{ quoted('period_month') }} || ' order by abs(amount_func) desc'
            when rule_id = 'revenue_below_target'
                then
                    'select * from marts.profit_and_loss where account_class = ''revenue'' and entity_id = ' || {{ quoted('entity_id') }}
                    || ' and period_month = ' || {{ quoted('period_month') }}
            when rule_id = 'cac_over_target' then
                'select * from marts.unit_economics where entity_id = ' || {{ quoted('entity_id') }}
                || ' and period_month between date ' || {{ quoted('period_month') }} || ' - interval 2 month and date '
                || {{ quoted('period_month') }}
        end as evidence_query
    from evaluated

)

select * from final
