-- What sellers, teams and segments brought in a month, and what selling cost: the ledger's cost of the sales department of a company,
-- shared by bookings.
with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

sellers as (

    select * from {{ ref('dim_seller') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

deals as (

    select
        deals.entity_id,
        deals.deal_key,
        deals.status,
        deals.created_at,
        deals.closed_at,
        deals.age_days,
        deals.amount_rpt,
        -- A discount is worth the same share in every currency.
        deals.list_amount_txn * deals.amount_rpt / nullif(deals.list_amount_txn - deals.discount_txn, 0) as list_rpt,
        deals.discount_txn * deals.amount_rpt / nullif(deals.list_amount_txn - deals.discount_txn, 0) as discount_rpt,
        coalesce(deals.seller_id, 'unassigned') as seller_id,
        coalesce(sellers.seller_name, 'unassigned') as seller_name,
        coalesce(sellers.team_name, 'unassigned') as team_name,
        coalesce(deals.industry, 'unknown') as industry,
        cast(date_trunc('month', deals.closed_at) as date) as period_month
    from {{ ref('fct_deal') }} as deals
    left join sellers on deals.seller_id = sellers.seller_id

),

-- Months in which a seller had a deal to work on.
spans as (

    select
        deals.entity_id,
        deals.seller_id,
        any_value(deals.seller_name) as seller_name,
        any_value(deals.team_name) as team_name,
        min(deals.created_at) as first_at,
        max(coalesce(deals.closed_at, parameters.as_of_date)) as last_at
    from deals
    cross join parameters
    where deals.seller_id <> 'unassigned'
    group by deals.entity_id, deals.seller_id

),

working as (

    select
        entity_id,
        seller_id,
        seller_name,
        team_name,
        cast(
            unnest(generate_series(date_trunc('month', first_at), date_trunc('month', last_at), interval 1 month)) as date
        ) as period_month
    from spans

),

held as (

    {{ quotas_of('working', 'period_month') }}

),

quotas as (

    select
        working.*,
        case
            when held.currency = rates.to_currency then held.amount
            when held.currency = entities.currency_func then held.amount * rates.average_rate
        end as quota_rpt
    from working
    inner join entities on working.entity_id = entities.entity_id
    left join held
        on
            working.entity_id = held.entity_id
            and working.seller_id = held.seller_id
            and working.period_month = held.period_month
    left join rates on working.entity_id = rates.entity_id and working.period_month = rates.period_month

),

quota_of_members as (

    select
        entity_id,
        'rep' as level,
        seller_id as member_id,
        period_month,
        any_value(seller_name) as member_name,
        any_value(team_name) as team_name,
        count(*) as sellers,
        count(quota_rpt) as sellers_with_quota,
        sum(quota_rpt) as quota_rpt
    from quotas
    group by entity_id, seller_id, period_month
    union all
    select
        entity_id,
        'team' as level,
        team_name as member_id,
        period_month,
        team_name as member_name,
        team_name,
        count(*) as sellers,
        count(quota_rpt) as sellers_with_quota,
        sum(quota_rpt) as quota_rpt
    from quotas
    group by entity_id, team_name, period_month

),

results as (

    {% for level, member, name, team in [
        ('rep', 'seller_id', 'seller_name', 'team_name'),
        ('team', 'team_name', 'team_name', 'team_name'),
        ('segment', 'industry', 'industry', 'null'),
    ] %}
        select
            entity_id,
            '{{ level }}' as level,
            {{ member }} as member_id,
            period_month,
            any_value({{ name }}) as member_name,
            cast(any_value({{ team }}) as varchar) as team_name,
            count(case when status = 'won' then 1 end) as won_deals,
            count(case when status = 'lost' then 1 end) as lost_deals,
            count(case when status = 'won' and amount_rpt is not null then 1 end) as valued_deals,
            coalesce(sum(case when status = 'won' then amount_rpt end), 0) as bookings_rpt,
            sum(case when status = 'won' then age_days end) as cycle_days_sum,
            sum(case when status = 'won' then list_rpt end) as list_rpt,
            sum(case when status = 'won' then discount_rpt end) as discount_rpt
        from deals
        where status in ('won', 'lost') and period_month is not null
        group by entity_id, {{ member }}, period_month
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

-- What the books charge to the sales department.
costs as (

    select
        lines.entity_id,
        lines.period_month,
        case
            when count(rates.average_rate) = count(*) then {{ posted(
                'sum(lines.amount_func * rates.average_rate)', 'any_value(rates.to_currency)'
            ) }}
        end as cost_rpt,
        count(rates.average_rate) = count(*) as is_known
    from {{ ref('fct_gl_line') }} as lines
    inner join {{ ref('dim_account') }} as accounts
        on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    left join rates on lines.entity_id = rates.entity_id and lines.period_month = rates.period_month
    where accounts.account_class = 'expense' and lower(lines.department_name) = 'sales'
    group by lines.entity_id, lines.period_month

),

members as (

    select
        coalesce(results.entity_id, quota_of_members.entity_id) as entity_id,
        coalesce(results.level, quota_of_members.level) as level,
        coalesce(results.member_id, quota_of_members.member_id) as member_id,
        coalesce(results.member_name, quota_of_members.member_name) as member_name,
        coalesce(results.team_name, quota_of_members.team_name) as team_name,
        coalesce(results.period_month, quota_of_members.period_month) as period_month,
        coalesce(results.won_deals, 0) as won_deals,
        coalesce(results.lost_deals, 0) as lost_deals,
        coalesce(results.valued_deals, 0) as valued_deals,
        coalesce(results.bookings_rpt, 0) as bookings_rpt,
        results.cycle_days_sum,
        results.list_rpt,
        results.discount_rpt,
        coalesce(quota_of_members.sellers, 0) as sellers,
        quota_of_members.sellers_with_quota,
        quota_of_members.quota_rpt
    from results
    full outer join quota_of_members
        on
            results.entity_id = quota_of_members.entity_id
            and results.level = quota_of_members.level
            and results.member_id = quota_of_members.member_id
            and results.period_month = quota_of_members.period_month

),

sold as (

    select
        entity_id,
        level,
        period_month
    from members
    group by entity_id, level, period_month
    having sum(bookings_rpt) > 0

),

-- Where nothing was sold in a month, its cost stands alone.
with_idle as (

    select * from members
    union all
    select
        costs.entity_id,
        levels.level,
        'no_bookings' as member_id,
        'no bookings' as member_name,
        cast(null as varchar) as team_name,
        costs.period_month,
        0 as won_deals,
        0 as lost_deals,
        0 as valued_deals,
        0 as bookings_rpt,
        null as cycle_days_sum,
        null as list_rpt,
        null as discount_rpt,
        0 as sellers,
        null as sellers_with_quota,
        null as quota_rpt
    from costs
    cross join (values ('rep'), ('team'), ('segment')) as levels (level)
    left join sold
        on costs.entity_id = sold.entity_id and levels.level = sold.level and costs.period_month = sold.period_month
    where sold.entity_id is null

),

-- Each has the cost up to it, less the cost before it: the parts are the whole to the cent.
shares as (

    select
        *,
        case
            when sum(bookings_rpt) over whole = 0 then case when member_id = 'no_bookings' then 1 else 0 end
            else sum(bookings_rpt) over running / sum(bookings_rpt) over whole
        end as share_to,
        case
            when sum(bookings_rpt) over whole = 0 then 0
            else (sum(bookings_rpt) over running - bookings_rpt) / sum(bookings_rpt) over whole
        end as share_from
    from with_idle
    window
        whole as (partition by entity_id, level, period_month),
        running as (whole order by member_id rows between unbounded preceding and current row)

),

costed as (

    select
        shares.*,
        {{ posted('costs.cost_rpt * shares.share_to', 'parameters.reporting_currency') }}
        - {{ posted('costs.cost_rpt * shares.share_from', 'parameters.reporting_currency') }} as cost_of_sale_rpt,
        case
            when costs.entity_id is null then 'no_cost'
            when not costs.is_known then 'missing_rate'
            when shares.bookings_rpt = 0 then 'no_bookings'
            else 'ok'
        end as roi_status,
        parameters.reporting_currency as currency_rpt
    from shares
    cross join parameters
    left join costs on shares.entity_id = costs.entity_id and shares.period_month = costs.period_month

),

final as (

    select
        entity_id,
        level,
        member_id,
        member_name,
        team_name,
        period_month,
        cast(won_deals as bigint) as won_deals,
        cast(lost_deals as bigint) as lost_deals,
        cast(round(won_deals * 100.0 / nullif(won_deals + lost_deals, 0), 4) as decimal(9, 4)) as win_rate_pct,
        cast(won_deals - valued_deals as bigint) as deals_without_amount,
        {{ money('bookings_rpt') }} as bookings_rpt,
        {{ posted('bookings_rpt / nullif(valued_deals, 0)', 'currency_rpt') }} as average_deal_rpt,
        cast(cycle_days_sum as bigint) as cycle_days_sum,
        cast(round(cycle_days_sum * 1.0 / nullif(won_deals, 0), 2) as decimal(18, 2)) as average_cycle_days,
        {{ posted('list_rpt', 'currency_rpt') }} as list_rpt,
        {{ posted('discount_rpt', 'currency_rpt') }} as discount_rpt,
        cast(round(discount_rpt * 100 / nullif(list_rpt, 0), 4) as decimal(9, 4)) as discount_pct,
        cast(sellers as bigint) as sellers,
        {{ posted('quota_rpt', 'currency_rpt') }} as quota_rpt,
        cast(round(bookings_rpt * 100 / nullif(quota_rpt, 0), 4) as decimal(18, 4)) as quota_attainment_pct,
        case
            when level = 'segment' or sellers = 0 or coalesce(sellers_with_quota, 0) = 0 then 'no_quota'
            when sellers_with_quota < sellers then 'partial_quota'
            else 'ok'
        end as quota_status,
        {{ money('cost_of_sale_rpt') }} as cost_of_sale_rpt,
        cast(round((bookings_rpt - cost_of_sale_rpt) * 100 / nullif(cost_of_sale_rpt, 0), 4) as decimal(20, 4)) as roi_pct,
        roi_status,
        currency_rpt
    from costed

)

select * from final
