with

source as (

    {{ completed_loads('hubspot', 'contacts') }}

),

renamed as (

    select
        connection_id,
        id as contact_id,
        lower(email) as email,
        nullif(trim(firstname), '') as first_name,
        nullif(trim(lastname), '') as last_name,
        nullif(trim(concat_ws(' ', firstname, lastname)), '') as full_name,
        phone,
        jobtitle as job_title,
        lifecyclestage as lifecycle_stage,
        lower(hs_analytics_source) as first_source,
        hs_analytics_source_data_1 as first_source_data,
        hs_analytics_first_timestamp as first_seen_at,
        lower(hs_analytics_latest_source) as latest_source,
        hs_analytics_latest_source_data_1 as latest_source_data,
        hs_analytics_latest_source_timestamp as latest_seen_at,
        hs_lifecyclestage_lead_date as lead_at,
        hs_lifecyclestage_marketingqualifiedlead_date as mql_at,
        hs_lifecyclestage_salesqualifiedlead_date as sql_at,
        lower(hs_additional_emails) as other_emails,
        createdate as created_at,
        archived as is_archived
    from source

)

select * from renamed
