with

-- A program and its costs travel in one load: what is older than the program's details is void.
source as (

    select parts.*
    from ({{ completed_loads('marketo', 'program_costs') }}) as parts
    inner join {{ ref('stg_marketo__program_details') }} as details
        on
            parts.connection_id = details.connection_id
            and cast(parts.program_id as varchar) = details.program_id
            and parts._dlt_load_id = details._dlt_load_id

),

renamed as (

    select
        parts.connection_id,
        cast(parts.program_id as varchar) as program_id,
        parts.line as cost_line,
        cast(parts.start_date as date) as start_date,
        {{ money('parts.cost') }} as cost_amount,
        parts.note as cost_note
    from source as parts

)

select * from renamed
