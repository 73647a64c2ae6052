-- wrk: recommendations for users drawn from the first USERS (ids from 1), and the result as one line of JSON.
-- The same draws in every run: each thread has a seed of its own.
local threads = 0

function setup(thread)
  threads = threads + 1
  thread:set("seed", threads)
end

function init()
  math.randomseed(seed)
  users = tonumber(os.getenv("USERS"))
end

function request()
  return wrk.format("GET", "/v1/users/" .. math.random(users) .. "/recommendations?k=10")
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'result {"requests": %d, "seconds": %.6f, "p50_ms": %.4f, "p99_ms": %.4f, "most_ms": %.4f, "errors": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    latency.max / 1000, errors.connect + errors.read + errors.write + errors.status + errors.timeout))
end
