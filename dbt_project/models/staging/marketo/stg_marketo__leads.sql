with

source as (

    {{ completed_loads('marketo', 'leads') }}

),

renamed as (

    select
        connection_id,
        cast(id as varchar) as lead_id,
        cast(lead_partition_id as varchar) as partition_id,
        nullif(trim(first_name), '') as first_name,
        nullif(trim(last_name), '') as last_name,
        nullif(lower(trim(email)), '') as email,
        nullif(phone, '') as phone,
        nullif(title, '') as job_title,
        nullif(trim(company), '') as company_name,
        nullif(lower(trim(company)), '') as company_key,
        nullif(industry, '') as industry,
        nullif(lower(regexp_replace(website, '^(https?://)?(www\.)?([^/]*).*$', '\3')), '') as domain,
        nullif(billing_street, '') as street,
        nullif(billing_city, '') as city,
        nullif(billing_postal_code, '') as postal_code,
        nullif(billing_country, '') as country,
        nullif(main_phone, '') as company_phone,
        number_of_employees as employee_count,
        lead_status,
        lead_source,
        original_source_type,
        cast(acquisition_program_id as varchar) as acquisition_program_id,
        unsubscribed as is_unsubscribed,
        mql_date as mql_at,
        sql_date as sql_at,
        nullif(sfdc_lead_id, '') as sfdc_lead_id,
        nullif(sfdc_contact_id, '') as sfdc_contact_id,
        nullif(sfdc_account_id, '') as sfdc_account_id,
        created_at,
        updated_at
    from source

)

select * from renamed
