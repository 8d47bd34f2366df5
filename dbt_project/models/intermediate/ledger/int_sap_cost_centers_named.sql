with

texts as (

    select * from {{ ref('stg_sap__cost_center_texts') }}

),

-- One name for each span of validity, the English one where there is one.
final as (

    select
        connection_id,
        controlling_area,
        cost_center,
        valid_from,
        valid_to,
        arg_min(cost_center_name, (language <> 'EN', language)) as cost_center_name
    from texts
    group by connection_id, controlling_area, cost_center, valid_from, valid_to

)

select * from final
