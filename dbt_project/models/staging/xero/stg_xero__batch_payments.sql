with

source as (

    {{ completed_loads('xero', 'batch_payments') }}

),

renamed as (

    select
        connection_id,
        batch_payment_id,
        lower(type) as batch_type,
        lower(status) as status,
        date as payment_date,
        account_id,
        total_amount,
        coalesce(nullif(reference, ''), narrative) as reference,
        updated_date_utc as updated_at,
        _page_id
    from source

)

select * from renamed
