with

connections as (

    select * from {{ ref('stg_hub__connections') }}

),

organisations as (

    select * from {{ ref('stg_xero__organisation') }}

),

books as (

    select
        connections.entity_id,
        connections.entity_name,
        connections.connection_id,
        connections.system as source_system,
        organisations.base_currency as currency_func,
        coalesce(organisations.financial_year_end_month, 12) as fiscal_year_end_month,
        coalesce(organisations.financial_year_end_day, 31) as fiscal_year_end_day
    from connections
    inner join organisations on connections.connection_id = organisations.connection_id

)

select * from books
