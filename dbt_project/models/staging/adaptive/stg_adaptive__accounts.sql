with

source as (

    {{ completed_loads('adaptive', 'accounts') }}

),

renamed as (

    select
        connection_id,
        id as account_id,
        parent_id as parent_account_id,
        code as account_code,
        name as account_name,
        account_type_code,
        display_as,
        coalesce(is_assumption, false) as is_assumption,
        coalesce(is_group, false) as is_group,
        coalesce(is_intercompany, false) as is_intercompany,
        formula,
        lower(line_item) as line_item
    from source

)

select * from renamed
