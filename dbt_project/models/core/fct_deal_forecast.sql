-- What an open deal's chance is, by how deals like it fared: today, and as it would have been told some months ago from what was known
-- then. Few deals say little: a stage's age leans on the stage, the stage on the type of deal, the type on all deals.
{%- set buckets = [(0, '0-7'), (8, '8-14'), (15, '15-30'), (31, '31-60'), (61, '61+')] %}
{%- set months_back = [3, 6, 9, 12] %}
{%- set strength = var('forecast_prior_deals') %}
with

parameters as (

    select * from {{ ref('dim_as_of') }}

),

deals as (

    select
        *,
        coalesce(deal_type, 'unknown') as known_type
    from {{ ref('fct_deal') }}

),

stays as (

    select
        *,
        coalesce(deal_type, 'unknown') as known_type,
        lower(stage_name) as stage
    from {{ ref('fct_deal_stage') }}

),

origins as (

    select
        0 as months_before,
        as_of_date as origin_date
    from parameters
    {% for months in months_back %}
        union all
        select
            {{ months }} as months_before,
            cast(as_of_date - interval {{ months }} month as date) as origin_date
        from parameters
    {% endfor %}

),

buckets as (

    {% for days, name in buckets %}
        select
            {{ days }} as from_days,
            '{{ name }}' as age_bucket
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

-- What was decided on the day from which is looked, and what was won of it.
decided as (

    select
        origins.months_before,
        deals.deal_key,
        deals.known_type,
        case when deals.status = 'won' then 1 else 0 end as is_won
    from deals
    cross join origins
    where deals.closed_at < origins.origin_date + interval 1 day

),

overall_rates as (

    select
        months_before,
        count(*) as deals,
        sum(is_won) as wins,
        cast((sum(is_won) + 0.5) / (count(*) + 1) as decimal(18, 9)) as win_rate
    from decided
    group by months_before

),

type_rates as (

    select
        decided.months_before,
        decided.known_type,
        cast(
            (sum(decided.is_won) + {{ strength }} * any_value(overall_rates.win_rate)) / (count(*) + {{ strength }}) as decimal(18, 9)
        ) as win_rate
    from decided
    inner join overall_rates on decided.months_before = overall_rates.months_before
    group by decided.months_before, decided.known_type

),

-- Every decided deal that stood in a stage, once.
stood as (

    select
        decided.months_before,
        decided.known_type,
        stays.stage,
        decided.deal_key,
        any_value(decided.is_won) as is_won,
        max(stays.stay_days) as stay_days
    from decided
    inner join stays on decided.deal_key = stays.deal_key
    where stays.is_observed
    group by decided.months_before, decided.known_type, stays.stage, decided.deal_key

),

stage_rates as (

    select
        stood.months_before,
        stood.known_type,
        stood.stage,
        count(*) as deals,
        cast(
            (sum(stood.is_won) + {{ strength }} * any_value(type_rates.win_rate)) / (count(*) + {{ strength }}) as decimal(18, 9)
        ) as win_rate
    from stood
    inner join type_rates on stood.months_before = type_rates.months_before and stood.known_type = type_rates.known_type
    group by stood.months_before, stood.known_type, stood.stage

),

-- A deal that left a stage after twenty days was in it, undecided, at eight and at fifteen too.
age_rates as (

    select
        stood.months_before,
        stood.known_type,
        stood.stage,
        buckets.age_bucket,
        count(*) as deals,
        cast(
            (sum(stood.is_won) + {{ strength }} * any_value(stage_rates.win_rate)) / (count(*) + {{ strength }}) as decimal(18, 9)
        ) as win_rate
    from stood
    cross join buckets
    inner join stage_rates
        on
            stood.months_before = stage_rates.months_before
            and stood.known_type = stage_rates.known_type
            and stood.stage = stage_rates.stage
    where stood.stay_days >= buckets.from_days
    group by stood.months_before, stood.known_type, stood.stage, buckets.age_bucket

),

open_deals as (

    select
        origins.months_before,
        origins.origin_date,
        deals.*
    from deals
    cross join origins
    where
        deals.created_at < origins.origin_date + interval 1 day
        and coalesce(deals.closed_at, timestamp '9999-12-31') >= origins.origin_date + interval 1 day

),

-- Where it stood on that day, and since when.
places as (

    select
        open_deals.months_before,
        open_deals.deal_key,
        stays.stage_name as stage_then,
        stays.stage,
        case when stays.is_observed then date_diff('day', cast(stays.entered_at as date), open_deals.origin_date) end as stage_age_days
    from open_deals
    inner join stays on open_deals.deal_key = stays.deal_key
    where
        stays.entered_at < open_deals.origin_date + interval 1 day
        and coalesce(stays.left_at, timestamp '9999-12-31') >= open_deals.origin_date + interval 1 day
    qualify row_number() over (
        partition by open_deals.months_before, open_deals.deal_key order by stays.entered_at desc, stays.deal_stage_key asc
    ) = 1

),

standing as (

    select
        open_deals.*,
        places.stage_then,
        places.stage,
        places.stage_age_days
    from open_deals
    left join places on open_deals.months_before = places.months_before and open_deals.deal_key = places.deal_key

),

aged as (

    select
        *,
        case
            when stage_age_days is null then 'unknown'
            {% for days, name in buckets | reverse %}
                when stage_age_days >= {{ days }} then '{{ name }}'
            {% endfor %}
        end as age_bucket
    from standing

),

final as (

    select
        aged.deal_key || '|' || aged.months_before as deal_forecast_key,
        aged.months_before,
        aged.origin_date,
        aged.deal_key,
        aged.entity_id,
        aged.seller_id,
        aged.deal_type,
        coalesce(aged.stage_then, 'unknown') as stage_name,
        aged.stage_age_days,
        aged.age_bucket,
        coalesce(age_rates.deals, 0) as similar_deals,
        case
            when age_rates.deals is not null then 'stage_age'
            when stage_rates.deals is not null then 'stage'
            when type_rates.win_rate is not null then 'deal_type'
            when overall_rates.win_rate is not null then 'all_deals'
            else 'no_history'
        end as probability_basis,
        cast(
            coalesce(age_rates.win_rate, stage_rates.win_rate, type_rates.win_rate, overall_rates.win_rate) as decimal(9, 6)
        ) as win_probability,
        cast(overall_rates.win_rate as decimal(9, 6)) as base_rate,
        case when aged.months_before = 0 then aged.crm_probability end as crm_probability,
        aged.expected_close_date,
        aged.amount_rpt,
        {{ posted(
            'aged.amount_rpt * cast(coalesce(age_rates.win_rate, stage_rates.win_rate, type_rates.win_rate, overall_rates.win_rate) as decimal(9, 6))',
            'aged.currency_rpt'
        ) }} as weighted_rpt,
        aged.currency_rpt,
        aged.status as outcome,
        aged.closed_at
    from aged
    left join overall_rates on aged.months_before = overall_rates.months_before
    left join type_rates on aged.months_before = type_rates.months_before and aged.known_type = type_rates.known_type
    left join stage_rates
        on
            aged.months_before = stage_rates.months_before
            and aged.known_type = stage_rates.known_type
            and aged.stage = stage_rates.stage
    left join age_rates
        on
            aged.months_before = age_rates.months_before
            and aged.known_type = age_rates.known_type
            and aged.stage = age_rates.stage
            and aged.age_bucket = age_rates.age_bucket

)

select * from final
