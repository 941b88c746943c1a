-- For each locked account the action that waited longest becomes queued, with a lease; of those that waited
-- alike, today's birthday goes before a late one, and of the other kinds what is oldest. One that must
-- first be looked at (uncertain) keeps its state and goes first of all. A statement of its own, after the lock,
-- so that it sees what an earlier dispatcher committed while we waited for nothing.
update actions
set state = case state when 'planned' then 'queued' else state end,
    reason = case state when 'planned' then null else reason end,
    lease_owner = null,
    lease_until = now() + :lease,
    updated_at = now()
where id in (
    select pick.id
    from unnest(cast(:accounts as bigint[])) as account (id)
    cross join lateral (
        select d.id
        from actions d
        where d.account_id = account.id
          and d.state in ('planned', 'uncertain')
          and d.not_before <= now()
          and (d.state = 'uncertain' or exists (
              select from campaigns c where c.id = d.campaign_id and c.state <> 'paused'))
          and not exists (
              select from actions f
              where f.account_id = account.id
                and (f.state in ('queued', 'claimed', 'acting')
                     or (f.state = 'uncertain' and f.lease_until is not null))
          )
        order by (d.state = 'uncertain') desc, d.not_before,
                 case d.kind when 'greet' then current_date - d.occasion_on else d.occasion_on - current_date end,
                 d.created_at, d.id
        limit 1
        for update skip locked
    ) pick
)
returning id, kind, correlation_id
