-- Decides the outcome of the entries that matched neither by address nor by e-mail address. Candidates are the
-- contacts with the same name or e-mail address; with more than :most of them the entry is refused.
update import_rows r
set outcome = told.outcome
from (
    select
        u.line,
        case
            when count(c.id) = 0 then 'nobody'
            when count(c.id) > :most then 'crowd'
            when u.born is null then 'nothing'
            when bool_or((c.birth_month, c.birth_day) = (u.month, u.day)) then 'same'
            when bool_or(c.is_open) then 'doubt'
            else 'other'
        end as outcome
    from (
        select line, name_key, emails, born, cast(left(right(born, 5), 2) as int) as month,
               cast(right(born, 2) as int) as day
        from import_rows
        where address is null
    ) u
    left join lateral (
        select k.id, k.birth_month, k.birth_day,
               k.birth_month is null
                   or ((k.birth_month, k.birth_day) = (2, 28) and (u.month, u.day) = (2, 29)) as is_open
        from contacts k
        where k.account_id = :account_id
          and (k.name_key = u.name_key or (k.email is not null and lower(k.email) = any (u.emails)))
        limit :most + 1
    ) c on true
    group by u.line, u.born
) told
where r.line = told.line
