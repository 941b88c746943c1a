-- Deletes the entries of people with a tombstone.
delete from import_rows r
using tombstones t
where t.site = :site and t.lifted_at is null
  and t.fingerprint in (sha256(convert_to(r.address, 'UTF8')), sha256(convert_to(r.member, 'UTF8')))
