-- Where each deal stood and for how long. A stage that ends a deal is no stay: the deal was decided when it entered it.
with

deals as (

    select * from {{ ref('fct_deal') }}

),

parameters as (

    select * from {{ ref('dim_as_of') }}

),

told as (

    select * from {{ ref('int_growth_deal_stages_stacked') }}

),

unobserved as (

    select
        deals.connection_id,
        deals.deal_id,
        deals.stage_name,
        deals.created_at
    from deals
    left join told on deals.connection_id = told.connection_id and deals.deal_id = told.deal_id
    where deals.status = 'open' and told.deal_id is null

),

-- A CRM that tells no history tells where an open deal stands, not since when.
moves as (

    select
        connection_id,
        deal_id,
        stage_name,
        entered_at,
        true as is_observed
    from told
    union all
    select
        connection_id,
        deal_id,
        stage_name,
        created_at as entered_at,
        false as is_observed
    from unobserved

),

entries as (

    select
        deals.deal_key,
        deals.entity_id,
        deals.deal_type,
        deals.status,
        deals.closed_at,
        moves.stage_name,
        moves.entered_at,
        moves.is_observed
    from moves
    inner join deals on moves.connection_id = deals.connection_id and moves.deal_id = deals.deal_id
    cross join parameters
    where moves.entered_at < parameters.as_of_date + interval 1 day

),

-- Systems write the end of a deal and the stage that means it down within a few seconds of each other.
stays as (

    select
        *,
        row_number() over (partition by deal_key order by entered_at, stage_name) as stay_number,
        lead(entered_at) over (partition by deal_key order by entered_at, stage_name) as next_entered_at,
        lead(stage_name) over (partition by deal_key order by entered_at, stage_name) as next_stage_name
    from entries
    where closed_at is null or entered_at < closed_at - interval 5 second

),

final as (

    select
        stays.deal_key || '|' || stays.stay_number as deal_stage_key,
        stays.deal_key,
        stays.entity_id,
        stays.deal_type,
        stays.stage_name,
        stays.stay_number,
        stays.entered_at,
        coalesce(stays.next_entered_at, stays.closed_at) as left_at,
        coalesce(stays.next_stage_name, case when stays.status <> 'open' then stays.status end) as left_to,
        cast(
            round(
                date_diff(
                    'minute', stays.entered_at, coalesce(stays.next_entered_at, stays.closed_at, parameters.as_of_date + interval 1 day)
                ) / 1440.0,
                2
            ) as decimal(18, 2)
        ) as stay_days,
        stays.is_observed
    from stays
    cross join parameters

)

select * from final
