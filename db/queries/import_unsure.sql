-- Decides the outcome of the entries that matched neither by address nor by e-mail address. Candidates are the
-- contacts with the same name or e-mail address; with more than :most of them the entry is refused.
update import_rows r
set outcome = told.outcome
from (
    select
        u.line,
        case
            when u.died then 'dead'
            when count(c.id) = 0 and u.vague then 'vague'
            when count(c.id) = 0 then 'nobody'
            when count(c.id) > :most then 'crowd'
            when u.days = '{}' then 'nothing'
            when bool_or(c.born = any (u.month_days)) then 'same'
            when bool_or(c.is_open) then 'doubt'
            else 'other'
        end as outcome
    from (
        select k.*, array(select right(d, 5) from unnest(k.days) d) as month_days
        from (
            select r.line, r.emails, {{import_name_keys}} as name_keys, {{import_days}} as days,
                   coalesce(r.extra ? 'died', false) as died, coalesce(r.extra ? 'vague', false) as vague
            from import_rows r
            where r.address is null
        ) k
    ) u
    left join lateral (
        select k.id, to_char(k.birth_month, 'FM00') || '-' || to_char(k.birth_day, 'FM00') as born,
               k.birth_month is null
                   or ((k.birth_month, k.birth_day) = (2, 28) and '02-29' = any (u.month_days)
                       and not coalesce(k.by_hand ? 'birthday', false)) as is_open
        from contacts k
        where k.account_id = :account_id
          and (k.name_key = any (u.name_keys) or (k.email is not null and lower(k.email) = any (u.emails)))
        limit :most + 1
    ) c on true
    group by u.line, u.died, u.vague, u.days
) told
where r.line = told.line
