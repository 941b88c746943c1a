-- The quota of one account and one kind: checks every window, then takes from all of them or from none.
--
-- KEYS (one hash tag, {acct:ID}, so that all lie in one slot of a Redis Cluster)
--   1 log    sorted set: reservation id -> instant (ms) at which it was charged. The windows are counted
--            from it, so counters never know limits and a changed limit holds at the next call.
--   2 gate   string: the instant (ms) from which the next reservation may be granted (the minimum gap,
--            drawn once for each grant, so that asking again cannot draw again)
--   3 run    set: the reservation ids that this run has charged; ends with its run
--
-- ARGV
--   1 verb   'reserve' | 'release' | 'remaining'
--   2 reservation id
--   3 day_start, 4 day_end   bounds (ms) of the calendar day in the account's zone, end exclusive
--   5 per_run, 6 per_day, 7 per_week   limits (counts)
--   8 gap    ms until the next grant, already drawn by the caller
--
-- Answers { status, reason, retry_at, now, left_run, left_day, left_week }; instants are ms, 0 = none.
--   status  'granted' | 'replay' (this id holds a grant already: charged once) | 'denied'
--           | 'stale_day' (now is outside the caller's day: compute it again from `now`)
--           | 'released' | 'absent' | 'remaining'
--   reason  '' | 'gap' | 'run_limit' | 'day_limit' | 'week_limit': the one that opens last
--
-- Time is Redis' own. A denial writes nothing.

local WEEK = 7 * 24 * 3600 * 1000
local KEEP = WEEK + 24 * 3600 * 1000 -- keys outlive the longest window by a day

local log, gate, run = KEYS[1], KEYS[2], KEYS[3]
local verb, id = ARGV[1], ARGV[2]
local day_start, day_end = tonumber(ARGV[3]), tonumber(ARGV[4])
local per_run, per_day, per_week = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

-- Lua 5.1 prints large numbers with 14 digits only; instants go out and in as whole numbers.
local function ms(number)
  return string.format('%.0f', number)
end

local function answer(status, reason, retry_at, run_used, day_used, week_used)
  return {
    status, reason, ms(retry_at), ms(now),
    math.max(0, per_run - run_used), math.max(0, per_day - day_used), math.max(0, per_week - week_used),
  }
end

if now < day_start or now >= day_end then
  return { 'stale_day', '', '0', ms(now), 0, 0, 0 }
end

if verb == 'release' then
  local held = redis.call('ZREM', log, id)
  redis.call('SREM', run, id)
  return { held == 1 and 'released' or 'absent', '', '0', ms(now), 0, 0, 0 }
end

local week_from = '(' .. ms(now - WEEK) -- a charge is out of the window once it is exactly a week old
local week_used = redis.call('ZCOUNT', log, week_from, '+inf')
local day_used = redis.call('ZCOUNT', log, ms(day_start), '+inf')
local run_used = redis.call('SCARD', run)

if verb == 'remaining' then
  return answer('remaining', '', 0, run_used, day_used, week_used)
end

if redis.call('ZSCORE', log, id) then
  return answer('replay', '', 0, run_used, day_used, week_used)
end

local reason, retry_at = '', 0
local function wait(why, at)
  if at > retry_at then
    reason, retry_at = why, at
  end
end

local opens = tonumber(redis.call('GET', gate) or '0')
if opens > now then
  wait('gap', opens)
end
if run_used >= per_run then
  wait('run_limit', day_end)
end
if day_used >= per_day then
  wait('day_limit', day_end)
end
if week_used >= per_week then
  -- The charge that must age out so that one fewer than the limit is left; with a limit of 0, none helps.
  local at = now + WEEK
  if per_week > 0 then
    local blocking = redis.call('ZREVRANGE', log, per_week - 1, per_week - 1, 'WITHSCORES')
    at = tonumber(blocking[2]) + WEEK
  end
  wait('week_limit', at)
end
if retry_at > 0 then
  return answer('denied', reason, retry_at, run_used, day_used, week_used)
end

redis.call('ZREMRANGEBYSCORE', log, '-inf', ms(now - WEEK))
redis.call('ZADD', log, ms(now), id)
redis.call('PEXPIRE', log, KEEP)
run_used = run_used + redis.call('SADD', run, id)
redis.call('PEXPIRE', run, KEEP)
redis.call('SET', gate, ms(now + tonumber(ARGV[8])), 'PX', KEEP)
return answer('granted', '', 0, run_used, day_used + 1, week_used + 1)
