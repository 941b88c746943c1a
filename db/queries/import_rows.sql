-- Creates the temporary table of an import: one row for each entry. `address` is the entry's profile address or,
-- after matching, that of the contact found; `member` is the address by member id; `by_email`: the match was by
-- e-mail address only. `email` is the address that the entry may give its contact. `born` is YYYY-MM-DD or --MM-DD.
-- `extra` is what few entries have: days that may be the birthday (`days`, as `born`), further readings of the name
-- (`names`), `died`, and `vague` for a name that can't make a new contact.
create temp table import_rows (
    line bigint not null,
    address text,
    member text,
    full_name text not null,
    emails text[] not null,
    email text,
    language text,
    born text,
    connected_on date,
    connected boolean not null,
    profile jsonb not null,
    extra jsonb,
    by_email boolean not null default false,
    outcome text
) on commit drop
