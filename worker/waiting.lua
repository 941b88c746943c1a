-- Count the messages of each list, and measure for how long its next message has been the same one.
--
-- KEYS[1]    hash: list -> fingerprint of its next message (40 characters), then when it was first seen, in ms
-- KEYS[2..]  the lists; the next message of a list is its last element
-- ARGV[1]    "record" stores the fingerprints, "read" changes nothing
--
-- Returns the server's time in ms, then for each list its length and the age of its next message, in ms.

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local record = ARGV[1] == 'record'
local answer = {now}

for i = 2, #KEYS do
    local list = KEYS[i]
    local length, age = redis.call('LLEN', list), 0
    local known = redis.call('HGET', KEYS[1], list)
    if length > 0 then
        -- Both ends of a message hold its ids. Hashing all of a huge message would block the server.
        local message = redis.call('LINDEX', list, -1)
        local fingerprint = redis.sha1hex(#message .. message:sub(1, 512) .. message:sub(-512))
        if known and known:sub(1, 40) == fingerprint then
            age = now - (tonumber(known:sub(41)) or now)
        elseif record then
            redis.call('HSET', KEYS[1], list, fingerprint .. now)
        end
    elseif known and record then
        redis.call('HDEL', KEYS[1], list)
    end
    answer[#answer + 1] = length
    answer[#answer + 1] = age
end
return answer
