-- Counts the entries refused after reading, by outcome, with the first lines of each.
select outcome, count(*), (array_agg(line order by line))[1:5] as lines
from import_rows
where outcome = any (:outcomes)
group by outcome
order by outcome
