with

source as (

    {{ completed_loads('netsuite', 'account') }}

),

renamed as (

    select
        connection_id,
        id as account_id,
        coalesce(acctnumber, id) as account_code,
        coalesce(fullname, accountsearchdisplaynamecopy, accountsearchdisplayname) as account_name,
        accttype as account_type,
        sspecacct as special_account,
        coalesce(isinactive, false) as is_inactive
    from source

)

select * from renamed
