with

accounts as (

    select * from {{ ref('dim_account') }}

),

entities as (

    select * from {{ ref('dim_entity') }}

),

rules as (

    select * from {{ ref('account_mapping') }}

),

candidates as (

    select
        entities.entity_id,
        accounts.connection_id,
        accounts.account_id,
        rules.group_account_code,
        coalesce(rules.valid_from, date '0001-01-01') as valid_from,
        coalesce(rules.valid_to, date '9999-12-31') as valid_to,
        case
            when rules.account_code is not null and rules.entity_id is not null then 1
            when rules.account_code is not null then 2
            when rules.entity_id is not null then 3
            else 4
        end as precedence
    from accounts
    inner join entities on accounts.connection_id = entities.connection_id
    inner join rules
        on
            (rules.entity_id is null or entities.entity_id = rules.entity_id)
            and (rules.source_system is null or entities.source_system = rules.source_system)
            and (rules.account_code is null or ltrim(accounts.account_code, '0') = ltrim(rules.account_code, '0'))
            and (rules.account_type is null or accounts.account_type = rules.account_type)

),

-- The most particular rules that know an account decide alone: a gap in their validity is a gap, not a case for the general ones.
final as (

    select
        entity_id,
        connection_id,
        account_id,
        group_account_code,
        valid_from,
        valid_to,
        case precedence
            when 1 then 'account of the entity'
            when 2 then 'account'
            when 3 then 'type in the entity'
            else 'type'
        end as mapped_by
    from candidates
    qualify precedence = min(precedence) over (partition by entity_id, connection_id, account_id)

)

select * from final
