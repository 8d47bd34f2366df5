with

source as (

    {{ completed_loads('xero', 'journal_line_tracking') }}

),

renamed as (

    select
        connection_id,
        journal_line_id,
        tracking_category_id,
        tracking_option_id,
        lower(name) as category_name,
        option as option_name
    from source

)

select * from renamed
