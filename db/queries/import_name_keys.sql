-- The keys of the name of an entry `r` and of its further readings, computed as contacts.name_key is.
case
    when r.extra ? 'names' then array[{{import_name_key}}] || array(
        select lower(regexp_replace(btrim(normalize(n.name, NFKC)), '\s+', ' ', 'g'))
        from jsonb_array_elements_text(r.extra -> 'names') n (name))
    else array[{{import_name_key}}]
end
