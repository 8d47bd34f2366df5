with

parts as (

    {{ completed_loads('xero', 'budget_lines') }}

),

documents as (

    {{ completed_loads('xero', 'budgets') }}

),

-- A document and its parts travel in one load: what is older than the document is no longer part of it.
current_parts as (

    select parts.*
    from parts
    inner join documents
        on
            parts.connection_id = documents.connection_id
            and parts.budget_id = documents.budget_id
            and parts._dlt_load_id = documents._dlt_load_id

),

renamed as (

    select
        connection_id,
        budget_id,
        account_id,
        account_code,
        cast(date_trunc('month', period) as date) as period_month,
        cast(amount as decimal(20, 4)) as amount_func
    from current_parts

)

select * from renamed
