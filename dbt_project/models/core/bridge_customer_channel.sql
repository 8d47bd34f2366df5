with

customers as (

    select * from {{ ref('fct_customer_tenure') }}

),

conversions as (

    select distinct
        conversion_id,
        customer_id
    from {{ ref('fct_conversion') }}
    where amount_basis = 'bookings' and customer_id is not null

),

credits as (

    select * from {{ ref('fct_attribution') }}
    where attribution_model = 'linear'

),

-- A customer that was won by several deals came by the channels of all of them alike.
credited as (

    select
        conversions.customer_id,
        credits.channel_id,
        sum(credits.weight) as weight
    from conversions
    inner join credits on conversions.conversion_id = credits.conversion_id
    group by conversions.customer_id, credits.channel_id

),

final as (

    select
        customers.entity_id,
        customers.customer_id,
        coalesce(credited.channel_id, 'unattributed') as channel_id,
        cast(
            coalesce(credited.weight / sum(credited.weight) over (partition by customers.customer_id), 1) as decimal(18, 12)
        ) as weight
    from customers
    left join credited on customers.customer_id = credited.customer_id

)

select * from final
