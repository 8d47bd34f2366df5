with

source as (

    {{ completed_loads('mailchimp', 'members') }}

),

renamed as (

    select
        connection_id,
        list_id,
        id as member_id,
        lower(email_address) as email,
        status as member_status,
        nullif(trim(first_name), '') as first_name,
        nullif(trim(last_name), '') as last_name,
        nullif(trim(company), '') as company_name,
        tags,
        timestamp_signup as signed_up_at,
        timestamp_opt as opted_in_at,
        last_changed as changed_at
    from source

)

select * from renamed
