with

evaluated as (

    select * from {{ ref('rule_evaluation') }}

),

rules as (

    select * from {{ ref('alert_rules') }}

),

thresholds as (

    select * from {{ ref('alert_thresholds') }}

),

parameters as (

    select * from {{ ref('dim_as_of') }}

),

rates as (

    select * from {{ ref('fct_fx_rate') }}

),

-- Of the thresholds in force that fit a subject the most particular holds, of equals the newest.
fitting as (

    select
        evaluated.rule_id,
        evaluated.subject_type,
        evaluated.subject_id,
        thresholds.threshold,
        thresholds.materiality,
        thresholds.hysteresis
    from evaluated
    inner join thresholds on evaluated.rule_id = thresholds.rule_id
    where
        evaluated.period_month >= thresholds.valid_from
        and (thresholds.entity_id is null or thresholds.entity_id = evaluated.entity_id)
        and (thresholds.department is null or thresholds.department = evaluated.department)
        and (
            thresholds.subject is null
            or thresholds.subject in (evaluated.subject_id, evaluated.subject_name, split_part(evaluated.subject_name, ' ', 1))
        )
    qualify
        row_number() over (
            partition by evaluated.rule_id, evaluated.subject_type, evaluated.subject_id
            order by
                thresholds.subject is null,
                thresholds.department is null,
                thresholds.entity_id is null,
                thresholds.valid_from desc
        ) = 1

),

-- What is material is said in the reporting currency, in which returns and costs of winning customers are, and books need not be; where
-- the month has no rate, it is taken in the books' own.
placed as (

    select
        evaluated.*,
        case
            when evaluated.rule_id in ('campaign_roi_low', 'cac_over_target') then 1
            else coalesce(rates.average_rate, 1)
        end as materiality_rate,
        rules.severity,
        rules.title,
        rules.unit,
        coalesce(fitting.threshold, rules.threshold) as threshold,
        coalesce(fitting.materiality, rules.materiality) as materiality,
        coalesce(fitting.hysteresis, 0) as hysteresis
    from evaluated
    inner join rules on evaluated.rule_id = rules.rule_id
    left join fitting
        on
            evaluated.rule_id = fitting.rule_id
            and evaluated.subject_type = fitting.subject_type
            and evaluated.subject_id = fitting.subject_id
    left join rates on evaluated.entity_id = rates.entity_id and evaluated.period_month = rates.period_month

),

-- How far a figure is beyond its threshold: a return falls below its threshold, everything else rises above.
measured as (

    select
        *,
        case when rule_id = 'campaign_roi_low' then threshold - value else value - threshold end as margin
    from placed

),

-- Strict inequalities: a figure on its threshold is no breach.
judged as (

    select
        *,
        case
            when is_immature then 'immature'
            when obstacle is not null or value is null then 'cannot_evaluate'
            when margin > 0 and (rule_id = 'campaign_roi_low' or deviation * materiality_rate > materiality) then 'breach'
            when margin > -hysteresis and (rule_id = 'campaign_roi_low' or deviation * materiality_rate > materiality) then 'recovering'
            else 'ok'
        end as status
    from measured

),

-- What an account's cost is above its budget already, its rule tells: what is to come of it is no second alert.
told as (

    select
        subject_id,
        true as is_told
    from judged
    where rule_id = 'budget_variance' and status = 'breach'

),

-- By which month an outlook is beyond its threshold.
outlooks as (

    select
        judged.subject_id,
        max_by(outlooks.outlook_to_date, outlooks.period_month) as outlook,
        any_value(outlooks.full_year_budget) as budget,
        any_value(outlooks.currency) as currency,
        min(
            case
                when
                    (outlooks.outlook_to_date - outlooks.full_year_budget) * 100 > judged.threshold * abs(outlooks.full_year_budget)
                    and (outlooks.outlook_to_date - outlooks.full_year_budget) * judged.materiality_rate > judged.materiality
                    then outlooks.period_month
            end
        ) as crossed_month
    from judged
    inner join {{ ref('budget_outlook') }} as outlooks on judged.subject_id = outlooks.connection_id || '|' || outlooks.account_id
    where judged.rule_id = 'budget_outlook' and outlooks.department_name = 'all'
    group by judged.subject_id

),

settled as (

    select
        judged.* replace (case when told.is_told then 'told_already' else judged.status end as status),
        case
            when judged.value is not null
                then
                    ': outlook of the year ' || cast(cast(outlooks.outlook as decimal(20, 2)) as varchar)
                    || ' against a budget of ' || cast(cast(outlooks.budget as decimal(20, 2)) as varchar)
                    || coalesce(' ' || outlooks.currency, '')
                    || coalesce(', beyond the threshold by ' || strftime(outlooks.crossed_month, '%Y-%m'), '')
        end as outlook_told
    from judged
    left join told
        on
            case when judged.rule_id = 'budget_outlook' and judged.status in ('breach', 'recovering') then judged.subject_id end
            = told.subject_id
    left join outlooks on case when judged.rule_id = 'budget_outlook' then judged.subject_id end = outlooks.subject_id

),

final as (

    select
        settled.rule_id || '|' || settled.subject_type || '|' || settled.subject_id as alert_key,
        settled.rule_id,
        settled.severity,
        settled.subject_type,
        settled.subject_id,
        settled.subject_name,
        settled.entity_id,
        settled.department,
        settled.period_month,
        settled.value,
        settled.threshold,
        cast(settled.margin as decimal(20, 4)) as margin,
        settled.unit,
        settled.status,
        case
            when settled.status = 'immature' then 'too early to judge: the sales cycle has not passed'
            when settled.status = 'told_already' then 'the cost of the month alerts already'
            when settled.status = 'cannot_evaluate' then coalesce(settled.obstacle, 'the figure cannot be computed')
        end as status_reason,
        settled.evidence,
        settled.evidence_query,
        settled.title || ': ' || settled.subject_name
        || case when settled.subject_type <> 'entity' then coalesce(' of ' || entities.entity_name, '') else '' end
        || case
            when
                settled.value is not null
                then
                    ', '
                    || cast(round(settled.value, 1) as varchar)
                    || ' % (threshold '
                    || cast(round(settled.threshold, 1) as varchar)
                    || ' %)'
            else ''
        end
        || ', ' || strftime(settled.period_month, '%Y-%m')
        || coalesce(settled.outlook_told, '') as message,
        parameters.as_of_date
    from settled
    cross join parameters
    left join {{ ref('dim_entity') }} as entities on settled.entity_id = entities.entity_id

)

select * from final
