-- Rows of a lateral join: the state of the action that greets the contact `c` for the birthday `day` (occasion), if there
-- is one. By its key, also where the planner thinks that reading all is cheaper.
select a.state from actions a
where a.account_id = c.account_id and a.contact_id = c.id and a.kind = 'greet' and a.occasion = day.occasion
offset 0
