with

leads as (

    select * from {{ ref('stg_marketo__leads') }}

),

partitions as (

    select * from {{ ref('stg_marketo__lead_partitions') }}

),

merged_leads as (

    select * from {{ ref('int_marketo_merges_listed') }}

),

-- A firm is what its leads call it; the account of the CRM is its identity, once one of them has it.
final as (

    select
        leads.*,
        partitions.partition_name as org_unit_ref,
        coalesce(
            min(leads.sfdc_account_id) over (partition by leads.connection_id, leads.partition_id, leads.company_key),
            leads.company_key
        ) as company_id
    from leads
    left join partitions on leads.connection_id = partitions.connection_id and leads.partition_id = partitions.partition_id
    left join merged_leads on leads.connection_id = merged_leads.connection_id and leads.lead_id = merged_leads.loser_id
    where merged_leads.loser_id is null

)

select * from final
