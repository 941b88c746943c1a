-- What a file says, one row an entry, while its import lasts. `address` is the profile address that the entry
-- has or, later, that of the contact who was found for it; `by_email` says that only an e-mail address found
-- them. `born` is YYYY-MM-DD, or --MM-DD. Its name_key is contacts.name_key's expression.
create temp table import_rows (
    line bigint not null,
    address text,
    full_name text not null,
    name_key text generated always as (
        lower(regexp_replace(btrim(normalize(full_name, NFKC)), '\s+', ' ', 'g'))) stored,
    emails text[] not null,
    email text,
    language text,
    born text,
    connected_on date,
    connected boolean not null,
    profile jsonb not null,
    by_email boolean not null default false,
    outcome text
) on commit drop
