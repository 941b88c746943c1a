-- Decides the quota of one account in one call: checks every gate, then takes a unit from all windows or from none.
--
-- KEYS, all with the hash tag {acct:ID}, so that they share a slot of a Redis Cluster
--   1 state   hash:
--       epoch          the epoch in which the counters are complete
--       kept           start of the day (ms) on which expiries were last renewed and old charges dropped
--       due            no lease expires before this instant (ms); 0 = none expires
--       gap|N          the next grant of kind N is not before this instant (ms)
--       breaker|N      'failures openings open_until probe', absent without failures: failures in a row, openings in
--                      a row, open until (ms; 0 = closed), the one reservation that a half-open breaker lets through
--       lease|N|ID     'expires day run' of an unsettled reservation: when it expires (ms; 0 = acting, never), the day
--                      and the run that it was charged to
--       run|DAY|N|RUN  units charged to this run on that day
--   2...  of kind N = 1, 2, ...: sorted set, reservation id -> instant of its charge (ms). Windows are counted from
--         these sets. They hold no limits, so a changed limit is in force at once.
--
-- ARGV   1 verb   2 reservation id   3 epoch   4 run   5 JSON list of numbers (instants and durations in ms)
--   every verb:               1 day_start, 2 day_end (the account's calendar day, end exclusive)   3 kind N
--   reserve, remaining:       4 per_run   5 per_day   6 per_week   7 all_per_day   8 all_per_week (all kinds together)
--                             9 opens, 10 closes (current or next working hours)   11 paused_until (0 = not paused)
--                             12 gap (already drawn)   13 lease   14... share of the day reserved for kind 1, 2, ...
--   commit, release, report:  4 threshold   5 first_wait   6 longest_wait; ARGV 6 outcome: 'success', 'failure' or ''
--   install:                  ARGV 6 JSON {charges: [[N, id, at, run or '', held 0|1]...],
--                             kinds: [[gap, failures, openings, open_until]...]}
-- Answers one line, 'status reason retry_at now failures openings open_until', followed for reserve and remaining by
-- 'left_run left_day left_week left_all_day left_all_week'; instants in ms, 0 = none; '-' = no reason. Statuses:
--   reserve    'granted' (retry_at: when the gap after it is over) | 'replay' (this id holds a grant, charged once)
--              | 'denied' (reason: the gate that opens last)
--   remaining  'remaining' (reason and retry_at: those of the denial that a reserve would get now)
--   start      'started' (acting: the unit counts until it is settled) | 'absent' (not reserved, or for an earlier day)
--   commit     'committed' | 'late' (the unit had been released and is charged again)
--   release    'released' | 'absent' | 'committed' (a settled unit is not released)
--   report, reset, install   'noted'
--   any verb   'cold' (the counters are not complete in this epoch) | 'stale_day' (`now` lies outside the given day or
--              after closing time: the caller computes both again from it)
-- Time is Redis' own. A denial takes nothing and draws nothing; at most, expired leases are released. Lua writes
-- whole numbers of up to 14 digits exactly; instants in ms have 13.

local WEEK = 7 * 24 * 3600 * 1000
local KEEP = WEEK + 2 * 24 * 3600 * 1000 -- renewed once a day, so every key outlives its windows by a day
local PROBE_WAIT = 60 * 1000
local call, num = redis.call, tonumber
local state, verb, id, run, numbers = KEYS[1], ARGV[1], ARGV[2], ARGV[4], cjson.decode(ARGV[5])
local day, day_end, kind = numbers[1], numbers[2], numbers[3]
local charges_key = KEYS[1 + kind]
local breaker_field, lease_field = 'breaker|' .. kind, 'lease|' .. kind .. '|' .. id
local run_field = 'run|' .. day .. '|' .. kind .. '|' .. run

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)
local stored = call('HMGET', state, 'epoch', 'kept', 'due', 'gap|' .. kind, breaker_field, run_field, lease_field)
local due, gap, run_used, lease = num(stored[3] or 0), num(stored[4] or 0), num(stored[6] or 0), stored[7]

local function parse_breaker(value)
  local f, o, u, p = string.match(value or '0 0 0 ', '^(%d+) (%d+) (%d+) (.*)$')
  return num(f), num(o), num(u), p
end
local failures, openings, open_until, probe = parse_breaker(stored[5])

local function answer(status, reason, retry_at)
  return status .. ' ' .. (reason or '-') .. ' ' .. (retry_at or 0) .. ' ' .. now .. ' ' .. failures .. ' ' .. openings
    .. ' ' .. open_until
end

if now < day or now >= day_end then
  return answer('stale_day')
end

-- Renews the expiry of every key and drops what no window counts any more: once a day, and when a set is new.
local function renew()
  local today = 'run|' .. day .. '|'
  for _, field in ipairs(call('HKEYS', state)) do
    if string.sub(field, 1, 4) == 'run|' and string.sub(field, 1, #today) ~= today then
      call('HDEL', state, field)
    end
  end
  call('HSET', state, 'kept', day)
  call('PEXPIRE', state, KEEP)
  for n = 2, #KEYS do
    call('ZREMRANGEBYSCORE', KEYS[n], '-inf', now - WEEK)
    call('PEXPIRE', KEYS[n], KEEP)
  end
end

if verb == 'install' then
  local given = cjson.decode(ARGV[6])
  call('DEL', unpack(KEYS))
  for _, row in ipairs(given.charges) do
    local n, charged, by_run = row[1], row[2], row[4]
    call('ZADD', KEYS[1 + n], row[3], charged)
    if by_run ~= '' then
      call('HINCRBY', state, 'run|' .. day .. '|' .. n .. '|' .. by_run, 1)
    end
    if row[5] == 1 then
      call('HSET', state, 'lease|' .. n .. '|' .. charged, '0 ' .. (by_run ~= '' and day or '0') .. ' ' .. by_run)
    end
  end
  for n, row in ipairs(given.kinds) do
    call('HSET', state, 'gap|' .. n, row[1])
    if row[2] > 0 then
      call('HSET', state, 'breaker|' .. n, row[2] .. ' ' .. row[3] .. ' ' .. row[4] .. ' ')
    end
  end
  call('HSET', state, 'epoch', ARGV[3])
  renew()
  return answer('noted')
end

if stored[1] ~= ARGV[3] then
  return answer('cold')
end

local function release_unit(n, charged, field, value)
  local its_day, its_run = string.match(value, '^%S+ (%S+) (.*)$')
  call('HDEL', state, field)
  call('ZREM', KEYS[1 + n], charged)
  if num(its_day) == day then -- otherwise its run is over
    local left = call('HINCRBY', state, 'run|' .. day .. '|' .. n .. '|' .. its_run, -1)
    if n == kind and its_run == run then
      run_used = left
    end
  end
end

if due > 0 and due <= now then
  local fields = call('HGETALL', state)
  due = 0
  for i = 1, #fields, 2 do
    local n, charged = string.match(fields[i], '^lease|(%d+)|(.*)$')
    if n then
      local expires = num(string.match(fields[i + 1], '^%S+'))
      if expires > 0 and expires <= now then
        release_unit(num(n), charged, fields[i], fields[i + 1])
        local f, o, u, its_probe = parse_breaker(call('HGET', state, 'breaker|' .. n))
        if its_probe == charged then
          call('HSET', state, 'breaker|' .. n, f .. ' ' .. o .. ' ' .. u .. ' ')
          probe = num(n) == kind and '' or probe
        end
        lease = fields[i] ~= lease_field and lease
      elseif expires > 0 and (due == 0 or expires < due) then
        due = expires
      end
    end
  end
  call('HSET', state, 'due', due)
end

if verb == 'start' then
  local begins = lease and num(call('ZSCORE', charges_key, id) or 0) >= day
  if begins then
    call('ZADD', charges_key, now, id) -- counts from its effect on, as in the ledger
    call('HSET', state, lease_field, (string.gsub(lease, '^%S+', '0')))
  end
  return answer(begins and 'started' or 'absent')
end

local function set_breaker(new_failures, new_openings, opens, new_probe)
  failures, openings, open_until, probe = new_failures, new_openings, opens, new_probe
  if failures == 0 then
    call('HDEL', state, breaker_field)
  else
    call('HSET', state, breaker_field, failures .. ' ' .. openings .. ' ' .. open_until .. ' ' .. probe)
  end
end

if verb == 'reset' then
  set_breaker(0, 0, 0, '')
  return answer('noted')
end

local function charged_within_a_week()
  return num(call('ZSCORE', charges_key, id) or 0) > now - WEEK
end

if verb == 'commit' or verb == 'release' or verb == 'report' then
  local outcome, is_probe = ARGV[6], probe == id and id ~= ''
  if outcome == 'success' and (is_probe or (open_until == 0 and failures > 0)) then
    set_breaker(0, 0, 0, '')
  elseif outcome == 'failure' and (is_probe or open_until == 0) then
    if is_probe or failures + 1 >= numbers[4] then
      set_breaker(failures + 1, openings + 1, now + math.min(numbers[5] * 2 ^ openings, numbers[6]), '')
    else
      set_breaker(failures + 1, openings, 0, '')
    end
  elseif is_probe and verb ~= 'report' then
    set_breaker(failures, openings, open_until, '')
  end
  if verb == 'report' then
    return answer('noted')
  end
  if verb == 'release' then
    if not lease then
      return answer(charged_within_a_week() and 'committed' or 'absent')
    end
    release_unit(kind, id, lease_field, lease)
    return answer('released')
  end
  if lease then
    call('HDEL', state, lease_field)
  elseif not charged_within_a_week() then
    call('ZADD', charges_key, now, id)
    call('HINCRBY', state, run_field, 1)
    renew()
    return answer('late')
  end
  return answer('committed')
end

-- 'reserve' or 'remaining'
local per_run, per_day, per_week, all_per_day, all_per_week = unpack(numbers, 4, 8)
local opens, closes, paused_until = unpack(numbers, 9, 11)
if now >= closes then
  return answer('stale_day')
end

local week_from = '(' .. (now - WEEK) -- out of the window once exactly a week old
local day_used, week_used, all_day_used, all_week_used, reserved_for_others = 0, 0, 0, 0, 0
for n = 1, #KEYS - 1 do
  local in_week, in_day = call('ZCOUNT', KEYS[1 + n], week_from, '+inf'), 0
  if in_week > 0 then
    in_day = call('ZCOUNT', KEYS[1 + n], day, '+inf')
    all_week_used, all_day_used = all_week_used + in_week, all_day_used + in_day
  end
  if n == kind then
    week_used, day_used = in_week, in_day
  else
    reserved_for_others = reserved_for_others + math.max(0, numbers[13 + n] - in_day)
  end
end

local function decided(status, reason, retry_at)
  return answer(status, reason, retry_at) .. ' ' .. math.max(0, per_run - run_used)
    .. ' ' .. math.max(0, per_day - day_used) .. ' ' .. math.max(0, per_week - week_used)
    .. ' ' .. math.max(0, all_per_day - all_day_used - reserved_for_others)
    .. ' ' .. math.max(0, all_per_week - all_week_used)
end

-- When a week's window has room again: once all but its limit - 1 newest charges are a week old.
local function room_in_week(limit, first_kind, last_kind)
  if limit == 0 then
    return now + WEEK
  end
  local newest = {}
  for n = first_kind, last_kind do
    local rows = call('ZREVRANGE', KEYS[1 + n], 0, limit - 1, 'WITHSCORES')
    for i = 2, #rows, 2 do
      newest[#newest + 1] = num(rows[i])
    end
  end
  table.sort(newest, function(a, b) return a > b end)
  return newest[limit] + WEEK
end

-- Of the closed gates, the one that opens last is the reason; of equals, the first.
local reason, retry_at = nil, now
local function wait(why, opens_at)
  if opens_at and opens_at > retry_at then
    reason, retry_at = why, opens_at
  end
end

wait('limit_page', paused_until)
wait('outside_hours', opens)
if open_until > now then
  wait('breaker_open', open_until)
elseif probe ~= '' then
  local expires = num(string.match(call('HGET', state, 'lease|' .. kind .. '|' .. probe) or '', '^%S+') or 0)
  wait('breaker_probe', expires > 0 and math.min(expires, now + PROBE_WAIT) or now + PROBE_WAIT)
end
wait('gap', gap)
wait('run_limit', run_used >= per_run and day_end)
wait('day_limit', day_used >= per_day and day_end)
wait('week_limit', week_used >= per_week and room_in_week(per_week, kind, kind))
wait('all_day_limit', all_day_used + reserved_for_others >= all_per_day and day_end)
wait('all_week_limit', all_week_used >= all_per_week and room_in_week(all_per_week, 1, #KEYS - 1))
if verb == 'remaining' then
  return decided('remaining', reason, reason and retry_at)
end
local is_new = not reason and call('ZADD', charges_key, 'NX', now, id) == 1
if not is_new and charged_within_a_week() then
  return decided('replay')
end
if reason then
  return decided('denied', reason, retry_at)
end
if not is_new then
  call('ZADD', charges_key, now, id) -- its old charge left the window
end

local expires = now + numbers[13]
run_used, gap = run_used + 1, now + numbers[12]
due = (due == 0 or expires < due) and expires or due
lease = expires .. ' ' .. day .. ' ' .. run
call('HSET', state, 'gap|' .. kind, gap, 'due', due, lease_field, lease, run_field, run_used)
if open_until > 0 then
  set_breaker(failures, openings, open_until, id)
end
if num(stored[2]) ~= day or week_used == 0 then
  renew() -- a new day, or a sorted set that did not exist
end
day_used, week_used, all_day_used, all_week_used = day_used + 1, week_used + 1, all_day_used + 1, all_week_used + 1
return decided('granted', nil, gap > now and gap)
