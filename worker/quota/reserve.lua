-- The quota of one account, decided in one call: look at every gate, then take from all windows or from none.
--
-- KEYS (one hash tag, {acct:ID}, so that all lie in one slot of a Redis Cluster)
--   1 state   hash:
--       epoch          in which the counters are whole
--       kept           the day (its start, ms) on which expiries were last renewed and old charges dropped
--       due            no lease lapses before this instant (ms); 0 = none does
--       gap|N          the next grant of kind N is not before (ms)
--       breaker|N      'failures openings open_until probe', absent while nothing fails: failures in a row,
--                      openings in a row, open until (ms; 0 = closed), the one reservation that a half-open
--                      breaker lets through
--       lease|N|ID     'lapses day run' of a reservation that isn't settled: when it lapses (ms; 0 = acting,
--                      it never does), on which day and by which run it was charged
--       run|DAY|N|RUN  how many were charged by this run on that day
--   2...  of kind N = 1, 2, ...: sorted set, reservation id -> instant (ms) at which it was charged. Windows
--         are counted from these, so they never know limits, and a changed limit holds at once.
--
-- ARGV
--   1 verb   2 reservation id   3 epoch   4 run   5 JSON list of numbers (instants and durations in ms):
--      1 day_start, 2 day_end (the account's calendar day, end exclusive)   3 kind N
--      for 'reserve' and 'remaining' also
--      4 per_run   5 per_day   6 per_week   7 all_per_day   8 all_per_week (all kinds together)
--      9 opens, 10 closes (the working hours of now, or the next ones)   11 paused_until (0 = not)
--      12 gap (already drawn)   13 lease   14... the day's share reserved to kind 1, 2, ...
--      for 'commit', 'release' and 'report' also   4 threshold   5 first_wait   6 longest_wait
--   6 'commit', 'release', 'report': outcome ('success' | 'failure' | '')
--     'install': JSON { charges: [[N, id, at, run or '', acting 0|1]...],
--                       kinds: [[gap, failures, openings, open_until]...] }
--
-- Answers one line, 'status reason retry_at now failures openings open_until', and for reserve and remaining
-- also 'left_run left_day left_week left_all_day left_all_week'; instants in ms, 0 = none, '-' = no reason.
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
-- Lua writes whole numbers of up to 14 digits exactly; instants in ms have 13.

local WEEK = 7 * 24 * 3600 * 1000
local KEEP = WEEK + 2 * 24 * 3600 * 1000 -- renewed once a day, so that every key outlives its windows by a day
local PROBE_WAIT = 60 * 1000

local call, num = redis.call, tonumber
local state, verb, id, run, numbers = KEYS[1], ARGV[1], ARGV[2], ARGV[4], cjson.decode(ARGV[5])
local day, day_end, kind = numbers[1], numbers[2], numbers[3]
local log = KEYS[1 + kind]
local lease_field, run_field = 'lease|' .. kind .. '|' .. id, 'run|' .. day .. '|' .. kind .. '|' .. run

local clock = redis.call('TIME')
local now = clock[1] * 1000 + math.floor(clock[2] / 1000)

local breaker_field = 'breaker|' .. kind
local stored = call('HMGET', state, 'epoch', 'kept', 'due', 'gap|' .. kind, breaker_field, run_field, lease_field)
local due, gap, run_used, lease = num(stored[3] or 0), num(stored[4] or 0), num(stored[6] or 0), stored[7]

local function breaker_of(stored_breaker)
  local f, o, u, p = string.match(stored_breaker, '^(%d+) (%d+) (%d+) (.*)$')
  return num(f), num(o), num(u), p
end

local failures, openings, open_until, probe = 0, 0, 0, ''
if stored[5] then
  failures, openings, open_until, probe = breaker_of(stored[5])
end

local function answer(status, reason, retry_at)
  return status .. ' ' .. (reason or '-') .. ' ' .. (retry_at or 0) .. ' ' .. now .. ' ' .. failures .. ' ' .. openings
    .. ' ' .. open_until
end

if now < day or now >= day_end then
  return answer('stale_day')
end

-- Once a day: drop what no window counts any more, and let every key live on.
local function keep()
  local old, today = {}, 'run|' .. day .. '|'
  for _, field in ipairs(call('HKEYS', state)) do
    if string.sub(field, 1, 4) == 'run|' and string.sub(field, 1, #today) ~= today then
      old[#old + 1] = field
    end
  end
  if #old > 0 then
    call('HDEL', state, unpack(old))
  end
  call('HSET', state, 'kept', day)
  call('PEXPIRE', state, KEEP)
  for n = 2, #KEYS do
    call('ZREMRANGEBYSCORE', KEYS[n], '-inf', now - WEEK)
    call('PEXPIRE', KEYS[n], KEEP)
  end
end

if verb == 'install' then
  local whole = cjson.decode(ARGV[6])
  call('DEL', unpack(KEYS))
  for _, row in ipairs(whole.charges) do
    local n, charged, by_run = row[1], row[2], row[4]
    call('ZADD', KEYS[1 + n], row[3], charged)
    if by_run ~= '' then
      call('HINCRBY', state, 'run|' .. day .. '|' .. n .. '|' .. by_run, 1)
    end
    if row[5] == 1 then
      call('HSET', state, 'lease|' .. n .. '|' .. charged, '0 ' .. (by_run ~= '' and day or '0') .. ' ' .. by_run)
    end
  end
  for n, row in ipairs(whole.kinds) do
    call('HSET', state, 'gap|' .. n, row[1])
    if row[2] > 0 then
      call('HSET', state, 'breaker|' .. n, row[2] .. ' ' .. row[3] .. ' ' .. row[4] .. ' ')
    end
  end
  call('HSET', state, 'epoch', ARGV[3])
  keep()
  return answer('noted')
end

if stored[1] ~= ARGV[3] then
  return answer('cold')
end

local function take_back(n, charged, field, value)
  local its_day, its_run = string.match(value, '^%S+ (%S+) (.*)$')
  call('HDEL', state, field)
  call('ZREM', KEYS[1 + n], charged)
  if num(its_day) == day then -- else its run is over
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
      local lapses = num(string.match(fields[i + 1], '^%S+'))
      if lapses > 0 and lapses <= now then
        take_back(num(n), charged, fields[i], fields[i + 1])
        local f, o, u, its_probe = breaker_of(call('HGET', state, 'breaker|' .. n) or '0 0 0 ')
        if its_probe == charged then
          call('HSET', state, 'breaker|' .. n, f .. ' ' .. o .. ' ' .. u .. ' ')
          probe = num(n) == kind and '' or probe
        end
        lease = fields[i] ~= lease_field and lease
      elseif lapses > 0 and (due == 0 or lapses < due) then
        due = lapses
      end
    end
  end
  call('HSET', state, 'due', due)
end

if verb == 'start' then
  if not lease then
    return answer('absent')
  end
  call('HSET', state, lease_field, (string.gsub(lease, '^%S+', '0')))
  return answer('started')
end

local function write_breaker()
  call('HSET', state, breaker_field, failures .. ' ' .. openings .. ' ' .. open_until .. ' ' .. probe)
end

local function set_breaker(new_failures, new_openings, opens)
  failures, openings, open_until, probe = new_failures, new_openings, opens, ''
  if failures == 0 then
    call('HDEL', state, breaker_field)
  else
    write_breaker()
  end
end

if verb == 'reset' then
  set_breaker(0, 0, 0)
  return answer('noted')
end

local function younger_than_a_week()
  return num(call('ZSCORE', log, id) or 0) > now - WEEK
end

if verb == 'commit' or verb == 'release' or verb == 'report' then
  local outcome, is_probe = ARGV[6], probe == id and id ~= ''
  if outcome == 'success' and (is_probe or (open_until == 0 and failures > 0)) then
    set_breaker(0, 0, 0)
  elseif outcome == 'failure' and (is_probe or open_until == 0) then
    local opens = 0
    if is_probe or failures + 1 >= numbers[4] then
      opens = now + math.min(numbers[5] * 2 ^ openings, numbers[6])
    end
    set_breaker(failures + 1, opens > 0 and openings + 1 or openings, opens)
  elseif is_probe and verb == 'release' then
    probe = ''
    write_breaker()
  end
  if verb == 'report' then
    return answer('noted')
  end
  if verb == 'release' then
    if not lease then
      return answer(younger_than_a_week() and 'committed' or 'absent')
    end
    take_back(kind, id, lease_field, lease)
    return answer('released')
  end
  if lease then
    call('HDEL', state, lease_field)
    return answer('committed')
  end
  if younger_than_a_week() then
    return answer('committed')
  end
  call('ZADD', log, now, id)
  call('HINCRBY', state, run_field, 1)
  keep()
  return answer('late')
end

-- 'reserve' or 'remaining'
local per_run, per_day, per_week, all_per_day, all_per_week = unpack(numbers, 4, 8)
local opens, closes, paused_until = unpack(numbers, 9, 11)
if now >= closes then
  return answer('stale_day')
end

local week_from = '(' .. (now - WEEK) -- out of the window once exactly a week old
local day_used, week_used, all_day_used, all_week_used, kept_for_others = 0, 0, 0, 0, 0
for n = 1, #KEYS - 1 do
  local in_week, in_day = call('ZCOUNT', KEYS[1 + n], week_from, '+inf'), 0
  if in_week > 0 then
    in_day = call('ZCOUNT', KEYS[1 + n], day, '+inf')
    all_week_used, all_day_used = all_week_used + in_week, all_day_used + in_day
  end
  if n == kind then
    week_used, day_used = in_week, in_day
  else
    kept_for_others = kept_for_others + math.max(0, numbers[13 + n] - in_day)
  end
end

local function left(limit, used)
  return used < limit and limit - used or 0
end

local function decided(status, reason, retry_at)
  return answer(status, reason, retry_at) .. ' ' .. left(per_run, run_used) .. ' ' .. left(per_day, day_used)
    .. ' ' .. left(per_week, week_used) .. ' ' .. left(all_per_day, all_day_used + kept_for_others)
    .. ' ' .. left(all_per_week, all_week_used)
end

-- When the window of a week has room again: once all but limit - 1 of the newest charges have aged out.
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

local reason, retry_at = nil, 0
local function wait(why, at)
  if at > retry_at then
    reason, retry_at = why, at
  end
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
  local lapses = num(string.match(call('HGET', state, 'lease|' .. kind .. '|' .. probe) or '', '^%S+') or 0)
  wait('breaker_probe', lapses > 0 and math.min(lapses, now + PROBE_WAIT) or now + PROBE_WAIT)
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
  wait('all_week_limit', room_in_week(all_per_week, 1, #KEYS - 1))
end
if verb == 'remaining' then
  return decided('remaining', reason, retry_at)
end
if reason then
  if younger_than_a_week() then
    return decided('replay')
  end
  return decided('denied', reason, retry_at)
end
if call('ZADD', log, 'NX', now, id) == 0 then
  if younger_than_a_week() then
    return decided('replay')
  end
  call('ZADD', log, now, id)
end

local lapses = now + numbers[13]
run_used, gap = run_used + 1, now + numbers[12]
due = (due == 0 or lapses < due) and lapses or due
call('HSET', state, 'gap|' .. kind, gap, 'due', due, lease_field, lapses .. ' ' .. day .. ' ' .. run, run_field, run_used)
if open_until > 0 then
  probe = id
  write_breaker()
end
if num(stored[2]) ~= day or week_used == 0 then
  keep() -- a new day, or a log that wasn't there
end
day_used, week_used = day_used + 1, week_used + 1
all_day_used, all_week_used = all_day_used + 1, all_week_used + 1
return decided('granted')
