with

organisations as (

    select * from {{ ref('stg_xero__organisation') }}

),

final as (

    select
        connection_id,
        organisation_id as org_unit_id,
        organisation_name as org_unit_name,
        base_currency as currency_func,
        country_code,
        coalesce(financial_year_end_month, 12) as fiscal_year_end_month,
        coalesce(financial_year_end_day, 31) as fiscal_year_end_day,
        greatest(period_lock_date, end_of_year_lock_date) as locked_until_date
    from organisations

)

select * from final
