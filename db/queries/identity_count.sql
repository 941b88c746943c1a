-- Counts the doubts of an account about who a contact is, as identity_doubts lists them.
select
    (select count(*) from contacts c join contacts t on {{maybe_same}}
     where c.account_id = :account_id and c.member_url = c.profile_url)
    + (select count(*) from contacts c
       where c.account_id = :account_id and c.moved_to is not null and c.forgotten_at is null)
