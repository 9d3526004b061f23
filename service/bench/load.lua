-- The requests of one sample, for wrk:  wrk … -s load.lua URL -- SCENARIO ROWS [ARGUMENT]
-- The argument is the number of people who sign in or ask for a link, the requests a second of a steady connection, or the file
-- with refresh tokens.
-- The table holds the ids 1 to ROWS. One thread only, so that a counter makes unique names.

local NAMES = { [0] = "anna", "ben", "clara", "david", "emma", "felix", "greta", "henry", "ida", "jonas", "klara", "leon",
  "maria", "noah", "olga", "paul" }
local JSON = { ["content-type"] = "application/json" }
local scenario, rows, argument, count = nil, 0, nil, 0
local tokens, first, last = {}, 1, 0

-- A connection waits between its requests, by chance, so that not all of them send at once.
local function pause()
  return math.random(0, math.floor(2000 / tonumber(argument)))
end

local function keep(token)
  last = last + 1
  tokens[last] = token
end

local function keep_answered(status, headers, body)
  local token = status == 200 and body:match('"refresh_token":"([^"]+)"')
  if token then keep(token) end
end

-- wrk looks for its functions after this one.
function init(args)
  scenario, rows, argument = args[1], tonumber(args[2]), args[3]
  math.randomseed(os.time())
  if scenario == "steady_get" then delay = pause end
  if scenario == "refresh" then
    for token in io.lines(argument) do keep(token) end
    response = keep_answered
  end
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

local function sign_in()
  return wrk.format("POST", "/sessions", JSON, string.format(
    '{"login":"person%d","password":"a swan by the harbour"}', math.random(0, tonumber(argument) - 1)))
end

local function reset()
  return wrk.format("POST", "/password-resets", JSON, string.format('{"login":"person%d"}', math.random(0, tonumber(argument) - 1)))
end

-- The token that has waited longest.
local function refresh()
  local token = tokens[first]
  if first < last then first = first + 1 end
  return wrk.format("POST", "/sessions/refresh", JSON, '{"refresh_token":"' .. token .. '"}')
end

-- Of ten requests nine read; the tenth creates and updates in turn.
local step = 0
local function mix()
  step = step + 1
  if step % 10 ~= 0 then return get() end
  return step % 20 == 0 and create() or update()
end

local requests = { get = get, lookup = lookup, list = list, create = create, update = update, delete = delete, mix = mix,
  steady_get = get, sign_in = sign_in, refresh = refresh, reset = reset }

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
