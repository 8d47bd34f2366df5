with

there as (

    {{ rows_still_there('parties', 'source.party_id') }}

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
