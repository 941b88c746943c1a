-- The quota of one account, decided in one call: look at every gate, then take from all windows or from none.
--
-- KEYS (one hash tag, {acct:ID}, so that all lie in one slot of a Redis Cluster)
--   1 state   hash: 'epoch'; 'due' (ms: no lease lapses earlier); 'kept' (the day on which expiries were
--             set); for each kind N: 'N:gap' (ms: the next grant is not before), 'N:failures' (in a row),
--             'N:openings' (of the breaker in a row), 'N:open_until' (ms; 0 = closed), 'N:probe' (the one
--             reservation that a half-open breaker lets through)
--   2 leases  sorted set: 'N|id' -> instant (ms) at which the reservation lapses; inf = acting, never lapses
--   3 runs    hash of this calendar day: 'of|N|id' -> run, 'count|N|run' -> charges
--   4...      sorted set of each kind N = 1, 2, ...: reservation id -> instant (ms) at which it was charged.
--             Windows are counted from these, so they never know limits, and a changed limit holds at once.
--
-- ARGV
--   1 verb   2 reservation id   3 epoch   4 day_start, 5 day_end (ms, of the account's calendar day, end
--   exclusive)   6 kind N   7 run
--   'reserve', 'remaining':
--      8 per_run   9 per_day   10 per_week   11 all_per_day   12 all_per_week (all kinds together)
--      13 opens, 14 closes (ms: the working hours of now, or the next ones)   15 paused_until (ms; 0 = not)
--      16 gap (ms, already drawn)   17 lease (ms)   18... the day's share reserved to kind 1, 2, ...
--   'commit', 'release', 'report':
--      8 outcome ('success' | 'failure' | '')   9 threshold   10 first_wait (ms)   11 longest_wait (ms)
--   'install':
--      8 JSON: charges [[N, id, at, run or '', acting 0|1]...], kinds [[gap, failures, openings, open_until]...]
--   'start', 'reset': nothing more
--
-- Answers { status, reason, retry_at, now, failures, openings, open_until,
--           left_run, left_day, left_week, left_all_day, left_all_week }; instants in ms, 0 = none.
--   reserve    'granted' | 'replay' (this id holds a grant: charged once) | 'denied', reason: the gate that
--              opens last, retry_at: when
--   remaining  'remaining', with the reason and retry_at that a reserve would be denied with now
--   start      'started' (acting from now on: what may have happened counts until settled) | 'absent'
--   commit     'committed' | 'late' (had been given back: charged again)
--   release    'released' | 'absent' | 'committed' (what is settled isn't given back)
--   report, reset, install   'noted'
--   any        'cold' (the counters aren't whole in this epoch) | 'stale_day' (now lies outside the caller's
--              day or after its closing time: compute them again from `now`)
--
-- Time is Redis' own. A denial takes nothing and draws nothing; at most what has lapsed is given back.

local WEEK = 7 * 24 * 3600 * 1000
local KEEP = WEEK + 2 * 24 * 3600 * 1000 -- renewed once a day, so that every key outlives its windows by a day
local PROBE_WAIT = 60 * 1000

local state, leases, runs = KEYS[1], KEYS[2], KEYS[3]
local verb, id, epoch, run = ARGV[1], ARGV[2], ARGV[3], ARGV[7]
local day_start, day_end, kind = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local log = KEYS[3 + kind]
local lease_member = kind .. '|' .. id

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- Lua 5.1 writes large numbers with 14 digits when it joins them to text.
local function ms(number)
  return string.format('%.0f', number)
end

local stored = redis.call('HMGET', state, 'epoch', 'due', 'kept', kind .. ':gap', kind .. ':failures',
  kind .. ':openings', kind .. ':open_until', kind .. ':probe')
local due, gap = tonumber(stored[2] or 0), tonumber(stored[4] or 0)
local failures, openings = tonumber(stored[5] or 0), tonumber(stored[6] or 0)
local open_until, probe = tonumber(stored[7] or 0), stored[8] or ''

local function answer(status, reason, retry_at, ...)
  return { status, reason or '', retry_at or 0, now, failures, openings, open_until, ... }
end

local function keep_keys()
  for _, key in ipairs(KEYS) do
    redis.call('PEXPIRE', key, KEEP)
  end
  redis.call('HSET', state, 'kept', ARGV[4])
end

local function charge(log_key, of_kind, charged_id, at, of_run)
  redis.call('ZADD', log_key, at, charged_id)
  if of_run ~= '' then
    redis.call('HSET', runs, 'of|' .. of_kind .. '|' .. charged_id, of_run)
    redis.call('HINCRBY', runs, 'count|' .. of_kind .. '|' .. of_run, 1)
  end
end

if now < day_start or now >= day_end then
  return answer('stale_day')
end

if verb == 'install' then
  local whole = cjson.decode(ARGV[8])
  redis.call('DEL', unpack(KEYS))
  for _, row in ipairs(whole.charges) do
    charge(KEYS[3 + row[1]], row[1], row[2], row[3], row[4])
    if row[5] == 1 then
      redis.call('ZADD', leases, 'inf', row[1] .. '|' .. row[2])
    end
  end
  for n, row in ipairs(whole.kinds) do
    redis.call('HSET', state, n .. ':gap', row[1], n .. ':failures', row[2], n .. ':openings', row[3],
      n .. ':open_until', row[4])
  end
  redis.call('HSET', state, 'epoch', epoch)
  keep_keys()
  return answer('noted')
end

if stored[1] ~= epoch then
  return answer('cold')
end

local function set_probe(new)
  probe = new
  redis.call('HSET', state, kind .. ':probe', new)
end

local function take_back(of_kind, charged_id)
  redis.call('ZREM', leases, of_kind .. '|' .. charged_id)
  redis.call('ZREM', KEYS[3 + of_kind], charged_id)
  local of = 'of|' .. of_kind .. '|' .. charged_id
  local its_run = redis.call('HGET', runs, of)
  if its_run then -- else it was charged on another day, whose runs are over
    redis.call('HDEL', runs, of)
    redis.call('HINCRBY', runs, 'count|' .. of_kind .. '|' .. its_run, -1)
  end
end

if due > 0 and due <= now then
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', ms(now))) do
    local of_kind, lapsed_id = string.match(member, '^(%d+)|(.*)$')
    of_kind = tonumber(of_kind)
    take_back(of_kind, lapsed_id)
    if of_kind == kind and lapsed_id == probe then
      set_probe('')
    elseif of_kind ~= kind and redis.call('HGET', state, of_kind .. ':probe') == lapsed_id then
      redis.call('HSET', state, of_kind .. ':probe', '')
    end
  end
  local first = redis.call('ZRANGE', leases, 0, 0, 'WITHSCORES')
  due = tonumber(first[2] or 0)
  if due == math.huge then
    due = 0
  end
  redis.call('HSET', state, 'due', due)
end

if verb == 'start' then
  if not redis.call('ZSCORE', leases, lease_member) then
    return answer('absent')
  end
  redis.call('ZADD', leases, 'inf', lease_member)
  return answer('started')
end

local function set_breaker(new_failures, new_openings, opens)
  failures, openings, open_until, probe = new_failures, new_openings, opens, ''
  redis.call('HSET', state, kind .. ':failures', failures, kind .. ':openings', openings,
    kind .. ':open_until', open_until, kind .. ':probe', '')
end

if verb == 'reset' then
  set_breaker(0, 0, 0)
  return answer('noted')
end

if verb == 'commit' or verb == 'release' or verb == 'report' then
  local outcome, threshold = ARGV[8], tonumber(ARGV[9])
  local is_probe = probe ~= '' and probe == id
  if outcome == 'success' and (is_probe or (open_until == 0 and failures > 0)) then
    set_breaker(0, 0, 0)
  elseif outcome == 'failure' and (is_probe or open_until == 0) then
    if is_probe or failures + 1 >= threshold then
      local wait = math.min(tonumber(ARGV[10]) * 2 ^ math.min(openings, 30), tonumber(ARGV[11]))
      set_breaker(failures + 1, openings + 1, now + wait)
    else
      set_breaker(failures + 1, openings, 0)
    end
  elseif is_probe and verb == 'release' then
    set_probe('')
  end
  if verb == 'report' then
    return answer('noted')
  end
  local held = redis.call('ZSCORE', leases, lease_member)
  local charged = held or tonumber(redis.call('ZSCORE', log, id) or 0) > now - WEEK
  if verb == 'release' then
    if not held then
      return answer(charged and 'committed' or 'absent')
    end
    take_back(kind, id)
    return answer('released')
  end
  if charged then
    redis.call('ZREM', leases, lease_member)
    return answer('committed')
  end
  charge(log, kind, id, now, run)
  keep_keys()
  return answer('late')
end

-- 'reserve' or 'remaining'
local per_run, per_day, per_week = tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local all_per_day, all_per_week = tonumber(ARGV[11]), tonumber(ARGV[12])
local opens, closes, paused_until = tonumber(ARGV[13]), tonumber(ARGV[14]), tonumber(ARGV[15])
if now >= closes then
  return answer('stale_day')
end

local from_week, from_day = '(' .. ms(now - WEEK), ARGV[4] -- out of the window once exactly a week old
local day_used, week_used, all_day_used, all_week_used, kept_for_others = 0, 0, 0, 0, 0
for n = 1, #KEYS - 3 do
  local in_week = redis.call('ZCOUNT', KEYS[3 + n], from_week, '+inf')
  local in_day = in_week > 0 and redis.call('ZCOUNT', KEYS[3 + n], from_day, '+inf') or 0
  all_week_used, all_day_used = all_week_used + in_week, all_day_used + in_day
  if n == kind then
    week_used, day_used = in_week, in_day
  else
    kept_for_others = kept_for_others + math.max(0, tonumber(ARGV[17 + n]) - in_day)
  end
end
local run_used = tonumber(redis.call('HGET', runs, 'count|' .. kind .. '|' .. run) or 0)

local function decided(status, reason, retry_at)
  return answer(status, reason, retry_at, math.max(0, per_run - run_used), math.max(0, per_day - day_used),
    math.max(0, per_week - week_used), math.max(0, all_per_day - all_day_used - kept_for_others),
    math.max(0, all_per_week - all_week_used))
end

if verb == 'reserve' and tonumber(redis.call('ZSCORE', log, id) or 0) > now - WEEK then
  return decided('replay')
end

local reason, retry_at = nil, 0
local function wait(why, at)
  if at > retry_at then
    reason, retry_at = why, at
  end
end

-- When the window of a week has room again: once all but limit - 1 of the newest charges have aged out.
local function room_in_week(limit, first_kind, last_kind)
  if limit == 0 then
    return now + WEEK
  end
  local newest = {}
  for n = first_kind, last_kind do
    local rows = redis.call('ZREVRANGE', KEYS[3 + n], 0, limit - 1, 'WITHSCORES')
    for i = 2, #rows, 2 do
      newest[#newest + 1] = tonumber(rows[i])
    end
  end
  table.sort(newest, function(a, b) return a > b end)
  return newest[limit] + WEEK
end

if paused_until > now then
  wait('limit_page', paused_until)
end
if opens > now then
  wait('outside_hours', opens)
end
if open_until > now then
  wait('breaker_open', open_until)
elseif probe ~= '' then
  local lapses = tonumber(redis.call('ZSCORE', leases, kind .. '|' .. probe) or now + PROBE_WAIT)
  wait('breaker_probe', math.min(lapses, now + PROBE_WAIT))
end
if gap > now then
  wait('gap', gap)
end
if run_used >= per_run then
  wait('run_limit', day_end)
end
if day_used >= per_day then
  wait('day_limit', day_end)
end
if week_used >= per_week then
  wait('week_limit', room_in_week(per_week, kind, kind))
end
if all_day_used + kept_for_others >= all_per_day then
  wait('all_day_limit', day_end)
end
if all_week_used >= all_per_week then
  wait('all_week_limit', room_in_week(all_per_week, 1, #KEYS - 3))
end
if verb == 'remaining' then
  return decided('remaining', reason, retry_at)
end
if reason then
  return decided('denied', reason, retry_at)
end

local lapses = now + tonumber(ARGV[17])
redis.call('ZREMRANGEBYSCORE', log, '-inf', ms(now - WEEK))
redis.call('ZADD', log, now, id)
redis.call('ZADD', leases, lapses, lease_member)
run_used = run_used + 1
redis.call('HSET', runs, 'of|' .. kind .. '|' .. id, run, 'count|' .. kind .. '|' .. run, run_used)
gap = now + tonumber(ARGV[16])
if open_until > 0 then
  set_probe(id)
end
local first_due = (due == 0 or lapses < due) and lapses or due
redis.call('HSET', state, kind .. ':gap', gap, 'due', first_due)
redis.call('PEXPIRE', leases, KEEP) -- goes and comes with each reservation
if stored[3] ~= ARGV[4] or week_used == 0 or run_used == 1 then
  keep_keys() -- a new day, or a key that wasn't there
end
day_used, week_used = day_used + 1, week_used + 1
all_day_used, all_week_used = all_day_used + 1, all_week_used + 1
return decided('granted')
