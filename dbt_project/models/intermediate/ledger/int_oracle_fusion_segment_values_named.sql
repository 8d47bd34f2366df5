with

chart as (

    select * from {{ ref('stg_oracle_fusion__chart_segments') }}

),

-- Segments may share a value set, as company and inter-company do.
final as (

    select
        chart.connection_id,
        chart.segment_role,
        segment_values.segment_value,
        segment_values.segment_value_name,
        segment_values.account_type,
        segment_values.is_enabled
    from {{ ref('stg_oracle_fusion__segment_values') }} as segment_values
    inner join chart
        on segment_values.connection_id = chart.connection_id and segment_values.value_set_code = chart.value_set_code

)

select * from final
