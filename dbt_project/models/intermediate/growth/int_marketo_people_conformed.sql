with

leads as (

    select * from {{ ref('int_marketo_leads_standing') }}

),

disqualifications as (

    select
        connection_id,
        person_id,
        max(occurred_at) as disqualified_at
    from {{ ref('int_marketo_activities_named') }}
    where
        activity_kind = 'change data value'
        and lower(asset_name) in ('lead status', 'leadstatus')
        and lower(new_value) in ('disqualified', 'unqualified')
    group by connection_id, person_id

),

-- Whom the CRM brought as a contact was never a lead.
final as (

    select
        leads.connection_id,
        leads.lead_id as person_id,
        leads.org_unit_ref,
        leads.company_id,
        leads.first_name,
        leads.last_name,
        leads.email,
        leads.phone,
        leads.job_title,
        leads.created_at,
        case
            when leads.sfdc_lead_id is null and lower(leads.original_source_type) like 'salesforce%' then cast(null as timestamp)
            else leads.created_at
        end as lead_at,
        leads.mql_at,
        leads.sql_at,
        case
            when lower(leads.lead_status) in ('disqualified', 'unqualified') then disqualifications.disqualified_at
        end as disqualified_at
    from leads
    left join disqualifications
        on leads.connection_id = disqualifications.connection_id and leads.lead_id = disqualifications.person_id

)

select * from final
