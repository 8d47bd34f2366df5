-- What is not decided: pairs that the score leaves open, and those of which each has an equal rival. A ruling in the seed
-- identity_overrides takes a pair off the list.
with

pairs as (

    select * from {{ ref('identity_pair') }}
    where decision in ('review', 'ambiguous')

),

records as (

    select * from {{ ref('identity_record') }}

),

crosswalk as (

    select * from {{ ref('customer_crosswalk') }}
    where is_current

),

shown as (

    select
        records.*,
        crosswalk.customer_id,
        concat_ws(
            ', ', records.display_name, coalesce(records.email, records.domain), records.tax_key, records.phone_key, records.street_key,
            records.postal_key
        ) as told
    from records
    inner join crosswalk on records.record_key = crosswalk.record_key

),

final as (

    select
        pairs.kind,
        pairs.entity_id,
        pairs.decision as reason,
        cast(pairs.match_probability as decimal(9, 6)) as match_probability,
        cast(pairs.match_weight as decimal(9, 4)) as match_weight,
        pairs.evidence,
        one.connection_id as left_connection_id,
        one.native_id as left_record_id,
        one.told as left_record,
        one.customer_id as left_customer_id,
        other.connection_id as right_connection_id,
        other.native_id as right_record_id,
        other.told as right_record,
        other.customer_id as right_customer_id
    from pairs
    inner join shown as one on pairs.left_key = one.record_key
    inner join shown as other on pairs.right_key = other.record_key
    where one.customer_id <> other.customer_id

)

select * from final
