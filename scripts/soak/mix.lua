-- The request mix of the soak test: of 100 requests 70 get a user, 10 list, 7 create, 7 delete what was created, and 6
-- update, so the size of the table is constant. SOAK_RATE is the number of requests per second; 0 is unlimited.

local ffi = require("ffi")
ffi.cdef("struct timespec { long seconds; long nanoseconds; }; int clock_gettime(int, struct timespec *);")
local MONOTONIC = 1

function milliseconds()
  local time = ffi.new("struct timespec")
  ffi.C.clock_gettime(MONOTONIC, time)
  return tonumber(time.seconds) * 1000 + tonumber(time.nanoseconds) / 1e6
end

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(_)
  local rate = tonumber(os.getenv("SOAK_RATE"))
  interval = rate > 0 and 1000 / rate or 0
  due = milliseconds()
  run = os.getenv("SOAK_RUN")
  seeded = tonumber(os.getenv("SOAK_SEEDED"))
  created, turn = {}, 0
  math.randomseed(os.time() + number)
end

-- Milliseconds until the next request is due. All connections share one schedule.
function delay()
  if interval == 0 then return 0 end
  local now = milliseconds()
  -- A late request is not followed by a burst.
  due = math.max(due + interval, now - interval)
  return math.max(0, math.floor(due - now + 0.5))
end

local json = { ["content-type"] = "application/json" }

local function create()
  turn = turn + 1
  local name = string.format("soak-%s-%d-%d", run, number, turn)
  return wrk.format("POST", "/users", json,
    string.format('{"username":"%s","email":"%s@example.com","full_name":"Soak %d"}', name, name, turn))
end

function request()
  local dice = math.random(100)
  local known = "/users/" .. math.random(seeded)
  if dice <= 7 then return create() end
  if dice <= 14 and #created > 0 then return wrk.format("DELETE", table.remove(created), {}) end
  if dice <= 20 then
    return wrk.format("PUT", known, json, string.format('{"full_name":"Soak %d"}', math.random(1000000)))
  end
  if dice <= 30 then return wrk.format("GET", "/users?page=" .. math.random(10)) end
  return wrk.format("GET", known)
end

function response(status, headers, _)
  if status == 201 then table.insert(created, headers["location"]) end
end

-- One line: requests, requests a second, milliseconds of p50 and p99, answers of 400 and above, broken connections.
function done(summary, latency, _)
  local errors = summary.errors
  print(string.format("result %d %.1f %.2f %.2f %d %d", summary.requests, summary.requests * 1e6 / summary.duration,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout))
end
