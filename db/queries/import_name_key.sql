-- The key of the name of an entry `r`, computed as contacts.name_key is.
lower(regexp_replace(btrim(normalize(r.full_name, NFKC)), '\s+', ' ', 'g'))
