with

source as (

    {{ completed_loads('marketo', 'activities') }}

),

readable as (

    select
        * exclude (attributes),
        case when json_valid(attributes) then attributes end as attributes
    from source

),

renamed as (

    select
        connection_id,
        marketo_guid as activity_id,
        cast(lead_id as varchar) as lead_id,
        activity_date as occurred_at,
        activity_type_id,
        cast(campaign_id as varchar) as smart_campaign_id,
        cast(primary_attribute_value_id as varchar) as asset_id,
        primary_attribute_value as asset_name,
        json_extract_string(attributes, '$."Query Parameters"') as query_parameters,
        json_extract_string(attributes, '$."Referrer URL"') as referrer_url,
        json_extract_string(attributes, '$."Link"') as link_url,
        json_extract_string(attributes, '$."New Value"') as new_value,
        json_extract_string(attributes, '$."Old Value"') as old_value,
        json_extract_string(attributes, '$."New Status"') as new_status,
        json_extract_string(attributes, '$."Merge IDs"') as merged_ids,
        json_extract_string(attributes, '$."Source Type"') as source_type
    from readable

)

select * from renamed
