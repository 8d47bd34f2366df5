with

classes as (

    select * from {{ ref('stg_netsuite__classification') }}

),

final as (

    select
        connection_id,
        class_id as campaign_ref,
        class_name as campaign_name
    from classes

)

select * from final
