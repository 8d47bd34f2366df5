with

cells as (

    select * from {{ ref('int_adaptive_cells_placed') }}

),

versions as (

    select * from {{ ref('int_adaptive_plan_versions_conformed') }}

),

-- Every version may hold the same targets. One that holds nothing else goes before plans, the newest plan before older ones, what-ifs come
-- last; within a version what the company as a whole is to reach goes before what a department is.
ranked as (

    select
        cells.*,
        row_number() over (
            partition by
                cells.connection_id,
                cells.org_unit_ref,
                cells.line_item,
                cells.product_name,
                cells.channel,
                cells.seller,
                cells.period_month
            order by
                case when versions.plan_id is null then 1 when versions.scenario <> 'scenario' then 2 else 3 end,
                versions.updated_at desc,
                cells.version_id desc,
                cells.department_name nulls first
        ) as place
    from cells
    left join versions on cells.connection_id = versions.connection_id and cells.plan_id = versions.plan_id
    where cells.line_item in ('revenue target', 'cac target', 'roi target', 'quota')

),

told as (

    select * from ranked
    where place = 1

),

final as (

    {{ plan_targets_of('told') }}

)

select * from final
