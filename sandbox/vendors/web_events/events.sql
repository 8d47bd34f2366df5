-- What the sites' tag sees, made once from the company's file (attached as `source`): the touches that happen on a site, further pages of
-- some visits, crawlers, and the company's own people.

create temp macro share_of(topic, key) as (hash(concat_ws('|', topic, key)) >> 11)::double / 9007199254740992.0;
create temp macro id_of(topic, key) as md5(concat_ws('|', topic, key))[:8] || '-' || md5(concat_ws('|', topic, key))[9:12] || '-4' || md5(concat_ws('|', topic, key))[13:15]
    || '-a' || md5(concat_ws('|', topic, key))[16:18] || '-' || md5(concat_ws('|', topic, key))[19:30];
create temp macro pick(choices, topic, key) as choices[1 + floor(share_of(topic, key) * len(choices))::integer];

create table visitor as
select person_id, id_of('visitor', person_id) as anonymous_id, 'usr_' || md5('user|' || person_id)[:12] as user_id, email,
    pick(['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36',
          'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15',
          'Mozilla/5.0 (X11; Linux x86_64; rv:151.0) Gecko/20100101 Firefox/151.0',
          'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'],
         'browser', person_id) as user_agent
from source.company.person;

-- A form is where a visitor tells who they are: from then on the tag knows them.
create table known_since as
select person_id, min(occurred_at) as since from source.company.touch where touch_type = 'form_submission' group by person_id;

create table seen as
select t.touch_id, t.entity_id as site, v.*, t.touch_type, t.channel, t.occurred_at, t.landing_page as page, f.name as form_name,
    t.utm_source, t.utm_medium, t.utm_campaign,
    case t.channel when 'paid_search' then 'https://www.google.com/' when 'organic_search' then pick(['https://www.google.com/', 'https://www.bing.com/', 'https://duckduckgo.com/'], 'engine', t.touch_id)
        when 'paid_social' then 'https://www.linkedin.com/' when 'organic_social' then pick(['https://www.linkedin.com/', 'https://x.com/'], 'network', t.touch_id)
        when 'display' then 'https://news.adnet.example/' when 'referral' then 'https://finance-weekly.example/tools' when 'partner' then 'https://partners.example/directory'
        else '' end as referrer,
    t.occurred_at >= k.since as is_known
from source.company.touch t join visitor v using (person_id) left join known_since k using (person_id) left join source.company.form f on f.form_id = t.form_id
where t.touch_type in ('visit', 'ad_click', 'form_submission');

create table event as
with told as (
    select site, touch_id as key, 'touch' as origin, case touch_type when 'form_submission' then 'track' else 'page' end as type,
        case touch_type when 'form_submission' then 'Form Submitted' end as name, anonymous_id,
        case when is_known then user_id end as user_id, case when is_known then email end as email, user_agent, occurred_at,
        page || case when utm_campaign is null then '' else '?' || concat_ws('&', 'utm_source=' || utm_source, 'utm_medium=' || utm_medium, 'utm_campaign=' || utm_campaign) end as url,
        referrer, utm_source, utm_medium, utm_campaign, form_name
    from seen
    union all
    -- A third of the visits go on to a second page, whose referrer is the site itself.
    select site, touch_id || '-2', 'further', 'page', null, anonymous_id, case when is_known then user_id end, case when is_known then email end, user_agent,
        occurred_at + to_seconds(20 + floor(share_of('reads', touch_id) * 240)::integer),
        'https://www.meridian.example/' || site || '/' || pick(['pricing', 'product', 'customers'], 'next', touch_id), page, null, null, null, null
    from seen where share_of('goes on', touch_id) < 0.33
    union all
    -- Crawlers read the whole site, day after day.
    select e.entity_id, e.entity_id || '-bot-' || d.day::date::varchar || '-' || n, 'bot', 'page', null, id_of('bot', e.entity_id || d.day::varchar || n), null, null,
        pick(['Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)', 'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
              'Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)', 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/149.0.0.0 Safari/537.36',
              'Mozilla/5.0 (compatible; GPTBot/1.2; +https://openai.com/gptbot)'], 'crawler', e.entity_id || d.day::varchar || n),
        d.day + to_seconds(floor(share_of('crawls', e.entity_id || d.day::varchar || n) * 86000)::integer),
        'https://www.meridian.example/' || e.entity_id || '/' || pick(['', 'pricing', 'product', 'blog/close-checklist'], 'crawled', e.entity_id || d.day::varchar || n), '', null, null, null, null
    from source.company.entity e cross join source.company.parameter p
    cross join lateral generate_series(greatest(p.first_date, coalesce(e.acquired_date, p.first_date))::timestamp, (p.as_of_date + p.horizon_days)::timestamp, interval 1 day) d (day)
    cross join (values (1), (2)) c (n)
    where share_of('crawled on', e.entity_id || d.day::varchar || n) < 0.4
    union all
    -- Now and then an employee looks something up on the own site, signed in, at times by way of a campaign's link.
    select e.entity_id, employee_id || '-' || d.day::date::varchar, 'staff', 'page', null, id_of('staff', employee_id), 'usr_' || md5('user|' || employee_id)[:12], e.email,
        'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/149.0.0.0 Safari/537.36',
        d.day + to_seconds(30000 + floor(share_of('looks', employee_id || d.day::varchar) * 30000)::integer),
        'https://www.meridian.example/' || e.entity_id || '/pricing', '', null, null, null, null
    from source.company.employee e cross join source.company.parameter p
    cross join lateral generate_series(greatest(p.first_date, e.hired_date)::timestamp, least(p.as_of_date + p.horizon_days, e.left_date)::timestamp, interval 1 day) d (day)
    where share_of('looks on', employee_id || d.day::varchar) < 0.02
)
-- A browser that was offline sends late; the export holds what came, in the order in which it came.
select *, id_of('message', key) as message_id, date_trunc('millisecond', occurred_at) as happened_at,
    date_trunc('millisecond', occurred_at) + case when share_of('offline', key) < 0.01 then to_hours(1 + floor(share_of('hours', key) * 70)::integer) else to_milliseconds(200 + floor(share_of('sent', key) * 900)::integer) end as received_at
from told;

-- One in a hundred is delivered twice.
create table delivered as
select *, strftime(received_at, '%Y-%m') as month from (
    select *, 1 as delivery from event
    union all
    select *, 2 from event where share_of('twice', key) < 0.01
) order by site, received_at, message_id, delivery;
