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

placed as (

    select
        evaluated.*,
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
            when margin > 0 and (rule_id = 'campaign_roi_low' or deviation > materiality) then 'breach'
            when margin > -hysteresis and (rule_id = 'campaign_roi_low' or deviation > materiality) then 'recovering'
            else 'ok'
        end as status
    from measured

),

final as (

    select
        judged.rule_id || '|' || judged.subject_type || '|' || judged.subject_id as alert_key,
        judged.rule_id,
        judged.severity,
        judged.subject_type,
        judged.subject_id,
        judged.subject_name,
        judged.entity_id,
        judged.department,
        judged.period_month,
        judged.value,
        judged.threshold,
        cast(judged.margin as decimal(20, 4)) as margin,
        judged.unit,
        judged.status,
        case
            when judged.status = 'immature' then 'too early to judge: the sales cycle has not passed'
            when judged.status = 'cannot_evaluate' then coalesce(judged.obstacle, 'the figure cannot be computed')
        end as status_reason,
        judged.evidence,
        judged.evidence_query,
        judged.title || ': ' || judged.subject_name
        || case when judged.subject_type <> 'entity' then coalesce(' of ' || entities.entity_name, '') else '' end
        || case
            when
                judged.value is not null
                then
                    ', '
                    || cast(round(judged.value, 1) as varchar)
                    || ' % (threshold '
                    || cast(round(judged.threshold, 1) as varchar)
                    || ' %)'
            else ''
        end
        || ', ' || strftime(judged.period_month, '%Y-%m') as message,
        parameters.as_of_date
    from judged
    cross join parameters
    left join {{ ref('dim_entity') }} as entities on judged.entity_id = entities.entity_id

)

select * from final
