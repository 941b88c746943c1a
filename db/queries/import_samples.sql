-- Returns the first entries of the import that is running in this transaction, at most :most of each outcome: what
-- became of the entry, its line, name, birthday and company.
select became, line, full_name, born, company
from (
    select became, line, full_name, born, company,
           row_number() over (partition by became order by line) as place
    from (
        select r.line, r.full_name, r.born, coalesce(r.profile ->> 'company', '') as company,
               case
                   when r.outcome = 'doubt' then 'doubtful'
                   when r.outcome is not null and r.outcome <> 'same' then 'left_out'
                   when c.import_id = :import_id then 'new'
                   when exists (select from import_changes k
                                where k.import_id = :import_id and k.contact_id = c.id) then 'changed'
                   else 'unchanged'
               end as became
        from import_rows r
        left join contacts c on c.profile_url = r.address and c.account_id = :account_id
    ) told
) placed
where place <= :most
order by line
