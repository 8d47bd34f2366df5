with

source as (

    {{ completed_loads('oracle_fusion', 'primary_keys') }}

),

renamed as (

    select
        connection_id,
        table_name,
        key as record_key,
        extracted_at,
        max(extracted_at) over (partition by connection_id, table_name) as latest_extracted_at
    from source

)

select * from renamed
