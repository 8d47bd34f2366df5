with

chart as (

    select
        connection_id,
        coalesce(any_value(segment_delimiter), '-') as segment_delimiter,
        max(case segment_role when 'account' then segment_position end) as account_position,
        max(case segment_role when 'cost_center' then segment_position end) as cost_center_position,
        max(case segment_role when 'product' then segment_position end) as product_position,
        max(case segment_role when 'campaign' then segment_position end) as campaign_position,
        max(case segment_role when 'intercompany' then segment_position end) as intercompany_position
    from {{ ref('stg_oracle_fusion__chart_segments') }}
    group by connection_id

),

combinations as (

    select * from {{ ref('stg_oracle_fusion__account_combinations') }}

),

texts as (

    select
        connection_id,
        account_combination
    from {{ ref('stg_oracle_fusion__journal_lines') }}
    union
    select
        connection_id,
        account_combination
    from combinations
    union
    select
        connection_id,
        combination_key as account_combination
    from {{ ref('stg_oracle_fusion__invoices') }}
    union
    select
        connection_id,
        combination_key as account_combination
    from {{ ref('stg_oracle_fusion__payments') }}
    union
    select
        connection_id,
        combination_key as account_combination
    from {{ ref('stg_oracle_fusion__ledger_balances') }}

),

-- The REST API tells a combination as a text, extracts by its number.
keyed as (

    select
        texts.connection_id,
        texts.account_combination as combination_key,
        string_split(texts.account_combination, chart.segment_delimiter) as segments
    from texts
    inner join chart on texts.connection_id = chart.connection_id
    where texts.account_combination is not null
    union all
    select
        combinations.connection_id,
        combinations.code_combination_id as combination_key,
        coalesce(combinations.segments, string_split(combinations.account_combination, chart.segment_delimiter)) as segments
    from combinations
    inner join chart on combinations.connection_id = chart.connection_id

),

picked as (

    select
        keyed.connection_id,
        keyed.combination_key,
        keyed.segments[chart.account_position] as account_id,
        keyed.segments[chart.cost_center_position] as cost_center,
        keyed.segments[chart.product_position] as product,
        keyed.segments[chart.campaign_position] as campaign,
        keyed.segments[chart.intercompany_position] as intercompany
    from keyed
    inner join chart on keyed.connection_id = chart.connection_id

),

-- Zeros stand for nothing, except in the account.
final as (

    select
        connection_id,
        combination_key,
        account_id,
        case when ltrim(cost_center, '0') <> '' then cost_center end as cost_center,
        case when ltrim(product, '0') <> '' then product end as product,
        case when ltrim(campaign, '0') <> '' then campaign end as campaign,
        case when ltrim(intercompany, '0') <> '' then intercompany end as intercompany
    from picked

)

select * from final
