-- When any account of the site last sent a person a text, as last_text_to.sql says.
select {{last_text_to}}
from (values (cast(:site as text), cast(:addresses as text[]), cast(:besides as uuid))) person (site, addresses, besides)
