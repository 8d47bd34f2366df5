-- Locations that are departments: the company calls them so, or has no classes that could be.
with

locations as (

    select * from {{ ref('stg_quickbooks__departments') }}

),

preferences as (

    select * from {{ ref('stg_quickbooks__preferences') }}

),

final as (

    select
        locations.connection_id,
        locations.department_id,
        locations.department_name
    from locations
    inner join preferences on locations.connection_id = preferences.connection_id
    where preferences.locations_are_departments or not preferences.tracks_classes

)

select * from final
