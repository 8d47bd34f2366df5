with

source as (

    {{ completed_loads('quickbooks', 'preferences') }}

),

renamed as (

    select
        connection_id,
        home_currency,
        first_month_of_fiscal_year,
        book_close_date,
        coalesce(class_tracking_per_txn, false) or coalesce(class_tracking_per_txn_line, false) as tracks_classes,
        -- What the company calls its locations.
        coalesce(lower(department_terminology) in ('department', 'division'), false) as locations_are_departments,
        default_discount_account_id,
        default_shipping_account_id
    from source

)

select * from renamed
