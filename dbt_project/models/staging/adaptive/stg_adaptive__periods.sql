with

source as (

    {{ completed_loads('adaptive', 'periods') }}

),

renamed as (

    select
        connection_id,
        id as period_id,
        parent_id as parent_period_id,
        code as period_code,
        label as period_label,
        is_leaf,
        case when is_leaf then {{ adaptive_month('code', 'start', '"end"') }} end as period_month
    from source

)

select * from renamed
