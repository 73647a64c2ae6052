-- wrk: recommendations for users drawn from those of the file EXPECTED, whose lines are "MODEL USER ITEM,ITEM,...". Each
-- answer must be the list of the model that it names. The result is one line of JSON.
local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
  thread:set("seed", #threads)
end

function init()
  math.randomseed(seed)
  expected, users, seen = {}, {}, {}
  answers, wrong, refused, example = 0, 0, 0, ""
  local first
  for line in io.lines(os.getenv("EXPECTED")) do
    local model, user, items = line:match("^(%S+) (%S+) (%S*)$")
    first = first or model
    expected[model] = expected[model] or {}
    expected[model][user] = items
    if model == first then users[#users + 1] = user end
  end
end

function request()
  return wrk.format("GET", "/v1/users/" .. users[math.random(#users)] .. "/recommendations?k=10")
end

function response(status, _, body)
  answers = answers + 1
  if status ~= 200 then
    refused = refused + 1
    example = status .. " " .. body
    return
  end
  local model, user = body:match('"model": ?"([^"]+)"'), body:match('"user": ?"([^"]+)"')
  local items = {}
  for item in body:gmatch('"item": ?"([^"]+)"') do items[#items + 1] = item end
  if not model or not user or not expected[model] or table.concat(items, ",") ~= expected[model][user] then
    wrong = wrong + 1
    example = body
  else
    seen[model] = (seen[model] or 0) + 1
  end
  models = ""
  for name, count in pairs(seen) do models = models .. name .. "=" .. count .. " " end
end

function done(summary, latency)
  local errors = summary.errors
  local sums, models, examples = {answers = 0, wrong = 0, refused = 0}, "", ""
  for _, thread in ipairs(threads) do
    for name in pairs(sums) do sums[name] = sums[name] + thread:get(name) end
    models = models .. (thread:get("models") or "")
    examples = examples .. thread:get("example")
  end
  if examples ~= "" then io.write("example ", examples:sub(1, 500), "\n") end
  io.write(string.format(
    'result {"requests": %d, "answers": %d, "wrong": %d, "refused": %d, "broken": %d, "timeouts": %d, ' ..
    '"p50_ms": %.4f, "p99_ms": %.4f, "most_ms": %.4f, "models": "%s"}\n',
    summary.requests, sums.answers, sums.wrong, sums.refused, errors.connect + errors.read + errors.write,
    errors.timeout, latency:percentile(50) / 1000, latency:percentile(99) / 1000, latency.max / 1000, models))
end
