with

company_codes as (

    select * from {{ ref('stg_sap__company_codes') }}

),

-- The gateway tells no calendar of a fiscal year variant. The ledger does: each posting says which period its day fell into.
measured as (

    select
        connection_id,
        company_code,
        cast(mode((month(posting_date) - fiscal_period + 11) % 12 + 1) as integer) as fiscal_year_end_month
    from {{ ref('stg_sap__gl_account_line_items') }}
    where fiscal_period between 1 and 12
    group by connection_id, company_code

),

final as (

    select
        company_codes.connection_id,
        company_codes.company_code as org_unit_id,
        company_codes.company_code_name as org_unit_name,
        company_codes.currency_func,
        company_codes.country_code,
        measured.fiscal_year_end_month,
        day(last_day(make_date(2023, measured.fiscal_year_end_month, 1))) as fiscal_year_end_day,
        cast(null as date) as locked_until_date
    from company_codes
    -- A company code that nothing was posted to keeps no books.
    inner join measured
        on company_codes.connection_id = measured.connection_id and company_codes.company_code = measured.company_code

)

select * from final
