-- Creates the temporary table of the addresses that several entries have.
create temp table import_repeated on commit drop as
select address
from import_rows
where address is not null and by_email = :by_email
group by address
having count(*) > 1
