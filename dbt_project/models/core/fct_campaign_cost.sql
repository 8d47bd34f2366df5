with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

lines as (

    select lines.*
    from {{ ref('fct_gl_line') }} as lines
    inner join {{ ref('dim_account') }} as accounts
        on lines.connection_id = accounts.connection_id and lines.account_id = accounts.account_id
    where accounts.account_class = 'expense'

),

-- Marketing cost of the books: what carries a campaign, and what the marketing department spends without one.
in_books as (

    select
        entity_id,
        campaign_id,
        period_month,
        cast(sum(amount_func) as decimal(20, 4)) as cost_func
    from lines
    where campaign_id is not null or lower(department_name) = 'marketing'
    group by entity_id, campaign_id, period_month

),

-- A platform that shows the ads knows best what they cost; a tool that plans campaigns repeats it.
preferences as (

    select * from {{ ref('growth_systems') }}
    where spend_platform is not null

),

spent as (

    select
        entities.entity_id,
        known.campaign_id,
        preferences.spend_platform,
        preferences.spend_preference,
        cast(date_trunc('month', spend.spend_date) as date) as period_month,
        cast(sum(spend.amount_txn) as decimal(20, 4)) as cost_func
    from {{ ref('int_growth_campaign_spend_stacked') }} as spend
    inner join {{ ref('bridge_campaign') }} as known
        on spend.connection_id = known.connection_id and spend.campaign_id = known.campaign_ref and known.known_to = 'marketing'
    -- Platforms bill in the currency of the company that advertises.
    inner join {{ ref('dim_entity') }} as entities on known.entity_id = entities.entity_id and spend.currency_txn = entities.currency_func
    inner join preferences on spend.source_system = preferences.source_system
    cross join parameters
    where spend.spend_date <= parameters.as_of_date
    group by
        entities.entity_id, known.campaign_id, preferences.spend_platform, preferences.spend_preference,
        cast(date_trunc('month', spend.spend_date) as date)

),

on_platform as (

    select
        entity_id,
        campaign_id,
        period_month,
        arg_min(cost_func, spend_preference) as cost_func
    from spent
    group by entity_id, campaign_id, period_month

),

-- The books decide; where a month is not billed yet, the platform tells. Both are kept.
compared as (

    select
        coalesce(in_books.entity_id, on_platform.entity_id) as entity_id,
        coalesce(in_books.campaign_id, on_platform.campaign_id) as campaign_id,
        coalesce(in_books.period_month, on_platform.period_month) as period_month,
        in_books.cost_func as books_cost_func,
        on_platform.cost_func as platform_cost_func,
        coalesce(in_books.cost_func, on_platform.cost_func) as cost_func,
        case when in_books.cost_func is not null then 'gl' else 'platform' end as cost_source
    from in_books
    full join on_platform
        on
            in_books.entity_id = on_platform.entity_id
            and in_books.campaign_id = on_platform.campaign_id
            and in_books.period_month = on_platform.period_month

),

final as (

    select
        compared.entity_id,
        coalesce(compared.campaign_id, 'unassigned') as campaign_id,
        compared.period_month,
        compared.books_cost_func,
        compared.platform_cost_func,
        compared.cost_func,
        compared.cost_source,
        {{ posted('compared.cost_func * rates.average_rate', 'rates.to_currency') }} as cost_rpt,
        rates.to_currency as currency_rpt
    from compared
    inner join rates on compared.entity_id = rates.entity_id and compared.period_month = rates.period_month

)

select * from final
