with

evaluated as (

    select * from {{ ref('rule_evaluation') }}

),

rules as (

    select * from {{ ref('alert_rules') }}

),

parameters as (

    select * from {{ ref('dim_as_of') }}

),

-- Strict inequalities: a figure on its threshold is no breach. A return breaches below its threshold, everything else above.
judged as (

    select
        evaluated.*,
        rules.severity,
        rules.title,
        rules.unit,
        rules.threshold,
        case
            when evaluated.is_immature then 'immature'
            when evaluated.obstacle is not null or evaluated.value is null then 'cannot_evaluate'
            when rules.rule_id = 'campaign_roi_low' and evaluated.value < rules.threshold then 'breach'
            when
                rules.rule_id <> 'campaign_roi_low' and evaluated.value > rules.threshold and evaluated.deviation > rules.materiality
                then 'breach'
            else 'ok'
        end as status
    from evaluated
    inner join rules on evaluated.rule_id = rules.rule_id

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
        cast(
            case when judged.rule_id = 'campaign_roi_low' then judged.threshold - judged.value else judged.value - judged.threshold end
            as decimal(20, 4)
        ) as margin,
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
