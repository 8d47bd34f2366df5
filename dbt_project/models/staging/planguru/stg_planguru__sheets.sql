with

source as (

    {{ completed_loads('planguru', 'sheets') }}

),

renamed as (

    select
        connection_id,
        file_name,
        sheet_name,
        file_sha256,
        is_hidden,
        status,
        reason,
        rows as row_count,
        amounts as amount_count,
        totals as total_count
    from source

)

select * from renamed
