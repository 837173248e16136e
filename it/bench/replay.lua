-- Replays requests that were built beforehand, so that wrk itself has next to nothing to do.
--   wrk ... -s replay.lua URL -- FILE WINDOW
-- FILE holds complete HTTP requests, each ended by the ASCII record separator. Each of the
-- threads sends its share of them in turn and starts over at the end. WINDOW (0, 1, ...) moves the
-- starting point. PORTS in the environment has a port for each thread, divided by commas.

local threads, ports = 0, {}
local requests, position, remaining = {}, 0, 0

for port in os.getenv("PORTS"):gmatch("%d+") do ports[#ports + 1] = port end

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
  thread.addr = wrk.lookup(wrk.host, ports[threads])[1]
end

function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  local index = 0
  for request in file:read("*a"):gmatch("[^\30]+") do
    if index % #ports == number then requests[#requests + 1] = request end
    index = index + 1
  end
  file:close()
  position = (tonumber(arguments[2]) * 104729) % #requests
  -- One pass and then some: what was in flight at the end of the pass has been answered by then.
  remaining = #requests + 1000
end

function request()
  remaining = remaining - 1
  if remaining == 0 then io.stderr:write("pass complete\n") end
  position = position % #requests + 1
  return requests[position]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
