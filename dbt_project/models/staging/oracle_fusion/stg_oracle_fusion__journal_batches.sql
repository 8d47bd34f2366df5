with

source as (

    {{ completed_loads('oracle_fusion', 'journal_batches') }}

),

-- Actual, budget and encumbrance batches are A, B and E.
renamed as (

    select
        connection_id,
        je_batch_id as batch_id,
        coalesce(user_je_source_name, je_source) as source_name,
        coalesce(actual_flag, left(actual_flag_meaning, 1)) as balance_type
    from source

)

select * from renamed
