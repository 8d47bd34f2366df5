with

persons as (

    select * from {{ ref('int_salesforce_persons_resolved') }}

),

companies as (

    select * from {{ ref('int_salesforce_accounts_resolved') }}

),

opportunities as (

    select * from {{ ref('stg_salesforce__opportunities') }}

),

contact_roles as (

    select * from {{ ref('stg_salesforce__opportunity_contact_roles') }}

),

states as (

    select * from {{ ref('stg_salesforce__opportunity_history') }}

),

stages as (

    select * from {{ ref('stg_salesforce__opportunity_stages') }}

),

stage_entries as (

    select * from {{ ref('int_salesforce_deal_stages_conformed') }}

),

-- The deal tells the day only: it was closed when it entered the stage that it is in.
entries as (

    select
        stage_entries.connection_id,
        stage_entries.deal_id,
        max(stage_entries.entered_at) as entered_at
    from stage_entries
    inner join opportunities
        on
            stage_entries.connection_id = opportunities.connection_id
            and stage_entries.deal_id = opportunities.opportunity_id
            and stage_entries.stage_name = opportunities.stage_name
    group by stage_entries.connection_id, stage_entries.deal_id

),

expectations as (

    select
        states.connection_id,
        states.opportunity_id,
        arg_max(states.close_date, states.began_at) as expected_close_date
    from states
    inner join stages on states.connection_id = stages.connection_id and states.stage_name = stages.stage_name
    where not stages.is_closed
    group by states.connection_id, states.opportunity_id

),

main_contacts as (

    select
        connection_id,
        opportunity_id,
        arg_min(contact_id, created_at) as contact_id
    from contact_roles
    where is_primary
    group by connection_id, opportunity_id

),

final as (

    select
        opportunities.connection_id,
        opportunities.opportunity_id as deal_id,
        opportunities.org_unit_ref,
        opportunities.opportunity_name as deal_name,
        companies.company_id,
        persons.person_id,
        opportunities.owner_id,
        case
            when lower(opportunities.opportunity_type) like '%renew%' then 'renewal'
            when lower(opportunities.opportunity_type) like '%existing%' then 'expansion'
            when regexp_matches(lower(opportunities.opportunity_type), 'upgrade|expansion|upsell|cross-sell|add-on') then 'expansion'
            when lower(opportunities.opportunity_type) like '%new%' then 'new'
        end as deal_type,
        cast(null as varchar) as pipeline_name,
        opportunities.stage_name,
        case when opportunities.is_won then 'won' when opportunities.is_closed then 'lost' else 'open' end as status,
        opportunities.probability,
        opportunities.amount_txn,
        opportunities.currency_txn,
        -- The org converts into its corporate currency, which is not the currency of each entity that it serves.
        cast(null as decimal(20, 4)) as amount_func,
        opportunities.created_at,
        case
            when opportunities.is_closed then coalesce(expectations.expected_close_date, opportunities.close_date)
            else opportunities.close_date
        end as expected_close_date,
        case
            when opportunities.is_closed then coalesce(entries.entered_at, cast(opportunities.close_date as timestamp))
        end as closed_at,
        opportunities.updated_at
    from opportunities
    left join entries
        on opportunities.connection_id = entries.connection_id and opportunities.opportunity_id = entries.deal_id
    left join expectations
        on opportunities.connection_id = expectations.connection_id and opportunities.opportunity_id = expectations.opportunity_id
    left join main_contacts
        on opportunities.connection_id = main_contacts.connection_id and opportunities.opportunity_id = main_contacts.opportunity_id
    left join companies on opportunities.connection_id = companies.connection_id and opportunities.account_id = companies.record_id
    left join persons
        on
            opportunities.connection_id = persons.connection_id
            and coalesce(opportunities.contact_id, main_contacts.contact_id) = persons.record_id

)

select * from final
