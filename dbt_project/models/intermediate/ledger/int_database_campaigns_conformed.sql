with

lines as (

    select * from {{ ref('stg_database__journal_lines') }}

),

-- A mapping names campaigns where they are posted to: there is no list of them.
final as (

    select distinct
        connection_id,
        campaign as campaign_ref,
        campaign as campaign_name
    from lines
    where campaign is not null

)

select * from final
