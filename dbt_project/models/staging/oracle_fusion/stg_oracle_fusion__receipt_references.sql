with

source as (

    {{ completed_loads('oracle_fusion', 'receipt_references') }}

),

renamed as (

    select
        connection_id,
        cast(standard_receipt_id as varchar) as receipt_id,
        reference_number as document_number
    from source

)

select * from renamed
