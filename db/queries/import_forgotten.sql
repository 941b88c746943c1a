-- Takes out the entries of people who asked to be forgotten: they are passed over, and nothing of them is kept.
delete from import_rows r
using tombstones t
where t.site = :site and t.lifted_at is null and t.fingerprint = sha256(convert_to(r.address, 'UTF8'))
