with

source as (

    {{ completed_loads('database', 'parties') }}

),

-- What is gone from the database keeps its last state in the raw table.
gone as (

    select
        connection_id,
        row_key
    from ({{ completed_loads('database', 'deleted_rows') }})
    where table_name = 'parties' and is_deleted

),

there as (

    select source.*
    from source
    anti join gone on source.connection_id = gone.connection_id and source.party_id = gone.row_key

),

renamed as (

    select
        connection_id,
        party_id,
        lower(party_type) as party_type,
        partner_ledger_id,
        coalesce(name, party_id) as party_name,
        email,
        tax_number as tax_id,
        country as country_code
    from there

)

select * from renamed
