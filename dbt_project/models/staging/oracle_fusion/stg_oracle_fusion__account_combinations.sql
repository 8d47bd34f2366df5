with

source as (

    {{ completed_loads('oracle_fusion', 'account_combinations') }}

),

renamed as (

    select
        connection_id,
        cast(code_combination_id as varchar) as code_combination_id,
        account_combination,
        case when segment1 is not null then [
            segment1, segment2, segment3, segment4, segment5, segment6, segment7, segment8, segment9, segment10, segment11, segment12
        ] end as segments,
        upper(account_type) as account_type,
        financial_category,
        coalesce(enabled_flag, true) as is_enabled
    from source

)

select * from renamed
