with

deals as (

    select * from {{ ref('stg_pipedrive__deals') }}
    where person_id is not null

),

final as (

    select
        connection_id,
        deal_id,
        person_id,
        cast(null as varchar) as role
    from deals

)

select * from final
