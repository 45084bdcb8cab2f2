-- Load script for wrk: posts the bodies of a file in turn and prints one line of JSON at the end.
-- BENCH_BODIES: file with one body a line. BENCH_TYPE: content type. BENCH_FRESH: not empty = no two heads are alike.
local fresh = os.getenv("BENCH_FRESH") ~= ""
local bodies, requests, at = {}, {}, 0
local base = { ["Content-Type"] = os.getenv("BENCH_TYPE") }

function init(args)
   math.randomseed(1)
   base["Host"] = wrk.headers["Host"]
   for body in io.lines(os.getenv("BENCH_BODIES")) do
      bodies[#bodies + 1] = body
      requests[#requests + 1] = fresh and "" or wrk.format("POST", nil, base, body)
   end
end

local function hex(digits)
   local text = ""
   for _ = 1, digits / 8 do
      text = text .. string.format("%08x", math.random(1, 2147483646) * 2)
   end
   return text
end

function request()
   at = at % #requests + 1
   if not fresh then
      return requests[at]
   end
   -- one trace in a hundred is sampled, the share that the sidecar itself would choose
   base["x-request-id"] = hex(32)
   base["traceparent"] = "00-" .. hex(32) .. "-" .. hex(16) .. (math.random() < 0.01 and "-01" or "-00")
   return wrk.format("POST", nil, base, bodies[at])
end

function done(summary, latency, requests)
   local e = summary.errors
   io.write(string.format(
      'RESULT {"requests":%d,"seconds":%.6f,"p50_us":%.1f,"p99_us":%.1f,"max_us":%.1f,"errors":%d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50), latency:percentile(99), latency.max,
      e.connect + e.read + e.write + e.status + e.timeout))
end
