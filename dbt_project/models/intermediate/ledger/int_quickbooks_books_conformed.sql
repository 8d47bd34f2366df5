with

connections as (

    select * from {{ ref('stg_hub__connections') }}
    where system = 'quickbooks'

),

companies as (

    select * from {{ ref('stg_quickbooks__company_info') }}

),

preferences as (

    select * from {{ ref('stg_quickbooks__preferences') }}

),

named as (

    select
        preferences.connection_id,
        coalesce(companies.company_name, companies.legal_name, connections.entity_name) as org_unit_name,
        preferences.home_currency as currency_func,
        companies.country_code,
        preferences.book_close_date as locked_until_date,
        month(
            strptime(
                coalesce(preferences.first_month_of_fiscal_year, companies.fiscal_year_start_month, 'January') || ' 1 2000', '%B %d %Y'
            )
        ) as start_month
    from preferences
    left join companies on preferences.connection_id = companies.connection_id
    left join connections on preferences.connection_id = connections.connection_id

),

-- A connection is one company. Its fiscal year ends with the month before the one in which it begins.
final as (

    select
        connection_id,
        'all' as org_unit_id,
        org_unit_name,
        currency_func,
        country_code,
        case start_month when 1 then 12 else start_month - 1 end as fiscal_year_end_month,
        31 as fiscal_year_end_day,
        locked_until_date
    from named

)

select * from final
