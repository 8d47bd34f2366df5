-- What classes stand for. Those of a company that calls its locations departments are campaigns; else those at the top are its
-- departments, and what is below them, on whatever level (QuickBooks has five), campaigns.
with

classes as (

    select * from {{ ref('stg_quickbooks__classes') }}

),

preferences as (

    select * from {{ ref('stg_quickbooks__preferences') }}

),

final as (

    select
        classes.connection_id,
        classes.class_id,
        classes.class_name,
        case
            when not preferences.locations_are_departments
                then coalesce(fourth.class_name, third.class_name, second.class_name, first.class_name, classes.class_name)
        end as department_name,
        preferences.locations_are_departments or classes.parent_class_id is not null as is_campaign
    from classes
    inner join preferences on classes.connection_id = preferences.connection_id
    left join classes as first on classes.connection_id = first.connection_id and classes.parent_class_id = first.class_id
    left join classes as second on first.connection_id = second.connection_id and first.parent_class_id = second.class_id
    left join classes as third on second.connection_id = third.connection_id and second.parent_class_id = third.class_id
    left join classes as fourth on third.connection_id = fourth.connection_id and third.parent_class_id = fourth.class_id

)

select * from final
