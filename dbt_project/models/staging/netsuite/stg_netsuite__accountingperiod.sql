with

source as (

    {{ completed_loads('netsuite', 'accountingperiod') }}

),

renamed as (

    select
        connection_id,
        id as period_id,
        periodname as period_name,
        startdate as start_date,
        enddate as end_date,
        coalesce(closed, false) as is_closed,
        coalesce(isposting, false) as is_posting,
        coalesce(isadjust, false) as is_adjustment,
        coalesce(isyear, false) as is_year
    from source

)

select * from renamed
