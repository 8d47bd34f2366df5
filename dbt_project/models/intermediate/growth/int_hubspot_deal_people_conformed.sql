with

ties as (

    select * from {{ ref('int_hubspot_ties_settled') }}
    where from_type = 'deals' and to_type = 'contacts'

),

final as (

    select
        connection_id,
        from_id as deal_id,
        to_id as person_id,
        cast(null as varchar) as role
    from ties

)

select * from final
