-- Moves what belongs to the contact :gone to :keep, the same person, and deletes what :keep has as well.
update interactions i
set contact_id = :keep,
    source_key = case
        when starts_with(i.source_key, concat('seen:', cast(:gone as bigint), ':'))
             and not exists (
                 select from interactions k
                 where k.account_id = i.account_id
                   and k.source_key = regexp_replace(i.source_key, '^seen:[0-9]+:', concat('seen:', cast(:keep as bigint), ':')))
        then regexp_replace(i.source_key, '^seen:[0-9]+:', concat('seen:', cast(:keep as bigint), ':'))
        else i.source_key
    end
where i.contact_id = :gone;
delete from profiles p
using profiles other
where p.contact_id in (:keep, :gone) and other.contact_id in (:keep, :gone) and other.contact_id <> p.contact_id
  and (p.read_at, p.contact_id) < (other.read_at, other.contact_id);
update profiles set contact_id = :keep where contact_id = :gone;
update hits h set contact_id = :keep
where h.contact_id = :gone
  and not exists (select from hits k where k.contact_id = :keep and k.campaign_id = h.campaign_id);
delete from hits where contact_id = :gone;
update import_doubts d set contact_id = :keep
where d.contact_id = :gone
  and not exists (
      select from import_doubts k
      where k.contact_id = :keep and (k.birth_month, k.birth_day) = (d.birth_month, d.birth_day));
delete from import_doubts where contact_id = :gone;
delete from import_changes where contact_id = :gone;
delete from identity_changes
where what = 'distinct' and contact_id in (:keep, :gone) and other_id in (:keep, :gone);
update identity_changes set contact_id = :keep where contact_id = :gone;
update identity_changes set other_id = :keep where other_id = :gone and what = 'distinct';
update subscription_entries set contact_id = :keep where contact_id = :gone
