-- People at work: those of the start, those hired as the company grows, those who leave.

insert into company.employee
with wanted as (
    select s.entity_id, d.department_id, s.currency, s.salary, s.start_date, s.country,
        d.heads * s.staff as heads, d.pay, d.titles
    from shape s cross join (values
        ('sales', 17, 88000, ['Account Executive', 'Sales Development Representative', 'Sales Engineer']),
        ('marketing', 8, 82000, ['Campaign Manager', 'Content Manager', 'Marketing Operations']),
        ('product', 22, 112000, ['Software Engineer', 'Product Manager', 'Designer', 'Quality Engineer']),
        ('support', 11, 66000, ['Customer Success Manager', 'Support Engineer']),
        ('general', 8, 94000, ['Accountant', 'People Partner', 'Office Manager', 'Controller'])
    ) d (department_id, heads, pay, titles)
),
posts as (
    select *, unnest(generate_series(1, greatest(1, ceil(heads * 1.9)::integer))) as n from wanted
),
people as (
    select *, code('emp', entity_id, row_number() over (partition by entity_id order by department_id, n), 4) as employee_id from posts
),
dated as (
    select *, case when n <= greatest(1, heads) then (start_date - 100 - floor(chance('tenure', employee_id) * 900)::integer)::date
                   else (start_date + floor(1150 * (n - heads) / greatest(0.9 * heads, 1))::integer)::date end as hired
    from people
),
named as (
    select *, pick(['Alice', 'Bruno', 'Carla', 'Dan', 'Eva', 'Felix', 'Gina', 'Hal', 'Iris', 'Jack', 'Kira', 'Leo', 'Maya', 'Nils', 'Olga', 'Pia', 'Ravi', 'Sara'],
                   'employee first', employee_id) as first_name,
        pick(['Archer', 'Brandt', 'Cole', 'Dietz', 'Ellis', 'Frost', 'Grant', 'Holm', 'Irwin', 'Jung', 'Kerr', 'Lang', 'Marsh', 'Noda', 'Otto', 'Price', 'Reed', 'Sato'],
             'employee last', employee_id) as last_name
    from dated
),
-- Whoever bears a name that another has got before has a number in the address: two people never share one.
addressed as (
    select *, row_number() over (partition by first_name, last_name order by employee_id) as namesake from named
)
select employee_id, entity_id, department_id, first_name, last_name,
    lower(first_name || '.' || last_name) || if(namesake = 1, '', namesake::varchar) || '@meridian.example',
    pick(titles, 'title', employee_id), hired,
    case when chance('leaves', employee_id) < 0.28 then (greatest(hired, start_date) + 200 + floor(chance('leaves on', employee_id) * 900)::integer)::date end,
    round(pay * salary * (0.85 + 0.35 * chance('pay', employee_id)), -2)::decimal(20, 4), currency, hired::timestamp + interval 8 hour
from addressed where hired <= getvariable('last_date');

-- Who owns what: the campaigns a marketer, the deals a seller.
update company.campaign c set owner_employee_id = s.people[1 + floor(chance('campaign owner', c.campaign_id) * len(s.people))::integer]
from (select entity_id, list(employee_id order by employee_id) as people from company.employee where department_id = 'marketing' group by entity_id) s
where s.entity_id = c.entity_id;
update company.opportunity o set owner_employee_id = s.people[1 + floor(chance('deal owner', o.opportunity_id) * len(s.people))::integer]
from (select entity_id, list(employee_id order by employee_id) as people from company.employee where department_id = 'sales' group by entity_id) s
where s.entity_id = o.entity_id;
