-- The requests of one sample, for wrk:  wrk … -s load.lua URL -- SCENARIO ROWS
-- The table holds the ids 1 to ROWS. One thread only, so that a counter makes unique names.

local NAMES = { [0] = "anna", "ben", "clara", "david", "emma", "felix", "greta", "henry", "ida", "jonas", "klara", "leon",
  "maria", "noah", "olga", "paul" }
local JSON = { ["content-type"] = "application/json" }
local scenario, rows, count = nil, 0, 0

function init(args)
  scenario, rows = args[1], tonumber(args[2])
  math.randomseed(os.time())
end

local function get()
  return wrk.format("GET", "/users/" .. math.random(rows))
end

local function lookup()
  local id = math.random(rows)
  return wrk.format("GET", string.format("/users?email=%s%08d@example.com", NAMES[id % 16], id))
end

local function list()
  return wrk.format("GET", "/users?page=" .. math.random(math.floor(rows / 10)) .. "&page_size=10")
end

local function create()
  count = count + 1
  return wrk.format("POST", "/users", JSON, string.format(
    '{"username":"new%09d","email":"new%09d@example.com","full_name":"New Example"}', count, count))
end

local function update()
  count = count + 1
  return wrk.format("PUT", "/users/" .. math.random(rows), JSON, string.format('{"full_name":"Changed %d"}', count))
end

-- Each id once; should they run out, the 404s count as errors.
local function delete()
  count = count + 1
  return wrk.format("DELETE", "/users/" .. count)
end

-- Of ten requests nine read; the tenth creates and updates in turn.
local step = 0
local function mix()
  step = step + 1
  if step % 10 ~= 0 then return get() end
  return step % 20 == 0 and create() or update()
end

local requests = { get = get, lookup = lookup, list = list, create = create, update = update, delete = delete, mix = mix }

function request()
  return requests[scenario]()
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\nRESULT {"seconds":%.6f,"requests":%d,"p50":%.3f,"p99":%.3f,"p999":%.3f,"connect":%d,"read":%d,"write":%d,"status":%d,"timeout":%d}\n',
    summary.duration / 1e6, summary.requests, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    latency:percentile(99.9) / 1e3, errors.connect, errors.read, errors.write, errors.status, errors.timeout))
end
