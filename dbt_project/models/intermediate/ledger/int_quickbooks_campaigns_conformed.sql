with

classes as (

    select * from {{ ref('int_quickbooks_classes_listed') }}
    where is_campaign

),

final as (

    select
        connection_id,
        class_id as campaign_ref,
        class_name as campaign_name
    from classes

)

select * from final
