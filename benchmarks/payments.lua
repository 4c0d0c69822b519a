-- wrk's script: every request is a payment of its own, with an idempotency key and a reference that were never used
-- before. Arguments: a prefix that is unique to this load, the API key.

local thread_count = 0

function setup(thread)
  thread:set("thread_number", thread_count)
  thread_count = thread_count + 1
end

local head, key_prefix, number = "", "", 0
local before = '{"amount":10000,"currency":"KES","method":"mobile_money","country":"KE","capture":"automatic","reference":"'
local after = '","description":"Two shirts","customer":{"id":"user-42","name":"A. Wanjiru","email":"a@example.com",'
  .. '"phone":"+254712345678","national_id":"3520108345678"},'
  .. '"mobile_money":{"phone":"+254712345678","network":"mpesa"},'
  .. '"items":[{"id":"SKU1","name":"Shirt","unit_amount":5000,"quantity":2}],'
  .. '"return_url":"https://shop.example.com/done","cancel_url":"https://shop.example.com/cart",'
  .. '"metadata":{"tier":"gold"}}'

function init(args)
  local prefix = args[1] .. "-" .. thread_number .. "-"
  head = "POST /v1/payments HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port .. "\r\nAuthorization: Bearer " .. args[2]
    .. "\r\nContent-Type: application/json\r\nIdempotency-Key: "
  -- The number has a fixed width, so that every body has the same length.
  local length = #before + #prefix + 9 + #after
  before = "\r\nContent-Length: " .. length .. "\r\n\r\n" .. before
  key_prefix = prefix
end

function request()
  number = number + 1
  local key = key_prefix .. string.format("%09d", number)
  return head .. key .. before .. key .. after
end

-- One line for the caller: requests, answers beyond 2xx and 3xx, socket errors, microseconds, latencies (µs).
function done(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format("result %d %d %d %d %d %d\n", summary.requests, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout, summary.duration,
    latency:percentile(50), latency:percentile(99)))
end
