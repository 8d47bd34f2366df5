with

losers as (

    select * from {{ ref('int_salesforce_merges_followed') }}

),

accounts as (

    select * from {{ ref('stg_salesforce__accounts') }}

),

final as (

    select
        connection_id,
        account_id as record_id,
        account_id as company_id
    from accounts
    union all
    select
        connection_id,
        loser_id as record_id,
        winner_id as company_id
    from losers
    where object_type = 'accounts'

)

select * from final
