-- Gives the member id that an entry names with its address to the file's other entries with this address.
update import_rows r
set member = l.member
from import_links l
where r.member is null and r.address = l.address
