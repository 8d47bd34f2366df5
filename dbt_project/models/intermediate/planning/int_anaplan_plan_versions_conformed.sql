with

cells as (

    select * from {{ ref('int_anaplan_cells_placed') }}

),

versions as (

    select * from {{ ref('stg_anaplan__versions') }}

),

plans as (

    select
        connection_id,
        plan_id,
        version_name,
        org_unit_ref,
        max(case when line_item = 'scenario' then lower(value) end) as scenario,
        max(case when line_item = 'fiscal year' then value end) as fiscal_year,
        max(case when line_item = 'created on' then value end) as created_on,
        max(case when line_item = 'locked' then lower(value) end) as locked
    from cells
    where plan_id is not null
    group by connection_id, plan_id, version_name, org_unit_ref

),

-- What the module of plan statuses does not tell follows from the version: its name, and the months in which it may be edited. A version
-- that may be edited for ever is of no year.
final as (

    select
        plans.connection_id,
        plans.plan_id,
        plans.org_unit_ref,
        plans.version_name as plan_name,
        case
            when versions.is_actual then 'actual'
            when plans.scenario in ('budget', 'forecast', 'scenario', 'actual') then plans.scenario
            when lower(plans.version_name) like '%forecast%' then 'forecast'
            when lower(plans.version_name) like '%budget%' or lower(plans.version_name) like '%plan%' then 'budget'
            else 'scenario'
        end as scenario,
        cast(
            coalesce(
                try_cast(plans.fiscal_year as integer),
                case when versions.last_month < versions.first_month + interval 1 year then extract(year from versions.last_month) end
            ) as integer
        ) as fiscal_year,
        coalesce(cast(try_cast(plans.created_on as date) as timestamp), cast(versions.first_month as timestamp)) as updated_at,
        coalesce(plans.locked = 'true', false) as is_locked
    from plans
    inner join versions on plans.connection_id = versions.connection_id and plans.version_name = versions.version_name

)

select * from final
