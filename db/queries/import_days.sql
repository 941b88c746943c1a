-- The days of an entry `r` that may be its birthday: the certain one, or several possible ones.
case
    when r.born is not null then array[r.born]
    when r.extra ? 'days' then array(select jsonb_array_elements_text(r.extra -> 'days'))
    else cast('{}' as text[])
end
