with recursive

activities as (

    select * from {{ ref('stg_marketo__activities') }}

),

-- Who was merged is a list within a text: [12, 13].
merged_leads as (

    select
        connection_id,
        lead_id as winner_id,
        unnest(regexp_extract_all(merged_ids, '\d+')) as loser_id
    from activities
    where merged_ids is not null

),

-- A winner may itself be merged into another later.
chains as (

    select
        connection_id,
        loser_id,
        winner_id
    from merged_leads
    where loser_id <> winner_id
    union
    select
        chains.connection_id,
        chains.loser_id,
        merged_leads.winner_id
    from chains
    inner join merged_leads on chains.connection_id = merged_leads.connection_id and chains.winner_id = merged_leads.loser_id
    where merged_leads.winner_id <> chains.loser_id

),

-- The survivor is whom nobody was merged away from.
final as (

    select
        chains.connection_id,
        chains.loser_id,
        max(chains.winner_id) as winner_id
    from chains
    left join merged_leads on chains.connection_id = merged_leads.connection_id and chains.winner_id = merged_leads.loser_id
    where merged_leads.loser_id is null
    group by chains.connection_id, chains.loser_id

)

select * from final
