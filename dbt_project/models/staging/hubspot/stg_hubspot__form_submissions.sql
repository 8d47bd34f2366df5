with

source as (

    {{ completed_loads('hubspot', 'form_submissions') }}

),

renamed as (

    select
        connection_id,
        submission_id,
        form_id,
        submitted_at,
        lower(email) as email,
        page_url,
        lower(nullif(regexp_extract(page_url, '[?&]utm_source=([^&#]*)', 1), '')) as utm_source,
        lower(nullif(regexp_extract(page_url, '[?&]utm_medium=([^&#]*)', 1), '')) as utm_medium,
        lower(nullif(regexp_extract(page_url, '[?&]utm_campaign=([^&#]*)', 1), '')) as utm_campaign
    from source

)

select * from renamed
