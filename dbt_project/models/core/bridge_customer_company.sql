-- Firms of the CRM that are customers of the books. A firm that the CRM has twice is one customer; a customer that the CRM spells
-- otherwise is found. Firms that have bought nothing yet are in customer_crosswalk, with the id that they will keep.
with

crosswalk as (

    select * from {{ ref('customer_crosswalk') }}
    where is_current and kind = 'firm'

),

records as (

    select * from {{ ref('identity_record') }}
    where kind = 'firm'

),

companies as (

    select * from {{ ref('int_growth_companies_stacked') }}

),

pairs as (

    {% for record, other in [('left_key', 'right_key'), ('right_key', 'left_key')] %}
        select
            {{ record }} as record_key,
            {{ other }} as other_key,
            match_probability,
            method
        from {{ ref('identity_pair') }}
        where kind = 'firm' and decision = 'match'
        {% if not loop.last %}
            union all
        {% endif %}
    {% endfor %}

),

-- Of what the books know of a customer: its names and domains.
customers as (

    select
        crosswalk.customer_id,
        list(distinct records.name_key) as name_keys,
        list(distinct records.domain) filter (where records.domain is not null) as domains
    from crosswalk
    inner join records on crosswalk.record_key = records.record_key
    where crosswalk.system_role = 'books'
    group by crosswalk.customer_id

),

-- How sure it is that a firm and an account of the books are one: by their own pair, else by what ties the firm to the customer.
tied as (

    select
        firms.record_key,
        max(pairs.match_probability) as match_probability,
        max(case when pairs.method = 'override' then 1 else 0 end) as is_ruled
    from crosswalk as firms
    inner join pairs on firms.record_key = pairs.record_key
    inner join crosswalk as accounts on pairs.other_key = accounts.record_key and accounts.system_role = 'books'
    group by firms.record_key

),

firms as (

    select
        companies.connection_id,
        companies.company_id,
        companies.industry,
        companies.country,
        companies.created_at,
        crosswalk.customer_id,
        case when tied.is_ruled = 1 then 1 else coalesce(tied.match_probability, crosswalk.confidence) end as confidence,
        case
            when tied.is_ruled = 1 then 'override'
            when list_contains(customers.domains, records.domain) then 'domain'
            when list_contains(customers.name_keys, records.name_key) then 'name'
            else 'model'
        end as match_method,
        coalesce(list_contains(customers.name_keys, records.name_key), false) as is_same_name
    from companies
    inner join crosswalk on 'firm|' || companies.connection_id || '|' || companies.company_id = crosswalk.record_key
    inner join records on crosswalk.record_key = records.record_key
    inner join customers on crosswalk.customer_id = customers.customer_id
    left join tied on crosswalk.record_key = tied.record_key

),

final as (

    select
        connection_id as crm_connection_id,
        company_id as crm_company_id,
        customer_id,
        industry,
        country,
        match_method,
        confidence as match_confidence,
        -- The firm that stands for the customer where several do.
        row_number() over (
            partition by customer_id
            order by
                case match_method when 'domain' then 0 else 1 end, case when is_same_name then 0 else 1 end, created_at, connection_id,
                company_id
        ) = 1 as is_primary
    from firms

)

select * from final
