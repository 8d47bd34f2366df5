with

ties as (

    {{ completed_loads('hubspot', 'associations') }}

),

objects as (

    {% for object_type in ['contacts', 'deals', 'meetings', 'calls'] %}
        select
            connection_id,
            '{{ object_type }}' as object_type,
            id,
            _dlt_load_id
        from ({{ completed_loads('hubspot', object_type) }})
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

-- An object and its ties travel in one load: what is older than the object is no longer tied to it.
renamed as (

    select distinct
        ties.connection_id,
        ties.from_type,
        ties.from_id,
        ties.to_type,
        ties.to_id
    from ties
    inner join objects
        on
            ties.connection_id = objects.connection_id and ties.from_type = objects.object_type and ties.from_id = objects.id
            and ties._dlt_load_id = objects._dlt_load_id

)

select * from renamed
