with

options as (

    select * from {{ ref('stg_xero__tracking_options') }}

),

categories as (

    select * from {{ ref('stg_xero__tracking_categories') }}

),

final as (

    select
        options.connection_id,
        options.tracking_option_id as campaign_ref,
        options.option_name as campaign_name
    from options
    inner join categories
        on options.connection_id = categories.connection_id and options.tracking_category_id = categories.tracking_category_id
    where categories.category_name like '%campaign%'

)

select * from final
