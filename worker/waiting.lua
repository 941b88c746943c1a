-- Count the messages of each list, and tell for how long the same message has been the next one.
--
-- KEYS[1]    hash: list -> fingerprint of its next message (40 characters) and the time it was first seen, in ms
-- KEYS[2..]  the lists; a list's next message is its last element
-- ARGV[1]    "note" remembers what is seen, "look" changes nothing
--
-- Returns the server's time in ms, then for each list its length and how long its next message has been that, in ms.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local note = ARGV[1] == 'note'
local answer = {now}

for i = 2, #KEYS do
    local list = KEYS[i]
    local length, waited = redis.call('LLEN', list), 0
    local known = redis.call('HGET', KEYS[1], list)
    if length > 0 then
        -- The ends of a message hold its ids; hashing all of a huge one would stop the server.
        local message = redis.call('LINDEX', list, -1)
        local mark = redis.sha1hex(#message .. message:sub(1, 512) .. message:sub(-512))
        if known and known:sub(1, 40) == mark then
            waited = now - (tonumber(known:sub(41)) or now)
        elseif note then
            redis.call('HSET', KEYS[1], list, mark .. now)
        end
    elseif known and note then
        redis.call('HDEL', KEYS[1], list)
    end
    answer[#answer + 1] = length
    answer[#answer + 1] = waited
end
return answer
