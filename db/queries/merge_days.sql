-- Merges the rows of interactions_by_day that have the same account, day and type, and drops those that sum to nothing.
-- Two runs at once are harmless: each deletes and sums other rows. Rows that are added meanwhile stay as they are.
with many as (
    select account_id, day, type from interactions_by_day group by 1, 2, 3 having count(*) > 1 or sum(happened) = 0
), taken as (
    delete from interactions_by_day d
    using many m
    where (d.account_id, d.day, d.type) = (m.account_id, m.day, m.type)
    returning d.account_id, d.day, d.type, d.happened, d.answered
)
insert into interactions_by_day (account_id, day, type, happened, answered)
select account_id, day, type, sum(happened), sum(answered)
from taken
group by 1, 2, 3
having sum(happened) <> 0 or sum(answered) <> 0
