-- What the recorded snippets use, and `answer`, which runs one and describes its results.

function all(...)
  local t = {}
  for a, b in ... do t[#t + 1] = tostring(a) .. "=" .. tostring(b) end
  return table.concat(t, ";")
end

function m3() return map { a = 1, b = 2, c = "x" } end
function l3() return list { 1, "a", 2.5 } end

function b3()
  local b = bytes()
  bytes.append_string(b, "abc")
  return b
end

function b8()
  local b = bytes()
  for i = 1, 8 do bytes.append_byte(b, i) end
  return b
end

function f8()
  local b = bytes()
  for i = 1, 8 do bytes.append_byte(b, 250 + i % 4) end
  return b
end

function vi(n)
  local b = bytes()
  local r = bytes.append_var_int(b, n)
  return r, b, bytes.get_var_int(b, 1)
end

function nest(m)
  m.inner = m
  return m
end

local function shape(x, depth)
  local t = math.type(x) or type(x)
  if t == "table" then
    if depth > 2 then return "{..}" end
    local rows = {}
    for k, v in pairs(x) do
      rows[#rows + 1] = shape(k, depth + 1) .. "=" .. shape(v, depth + 1)
    end
    table.sort(rows)
    return "{" .. table.concat(rows, ", ") .. "}"
  end
  if t == "string" then return string.format("%q", x) end
  if t == "function" or t == "thread" then return t end
  if t == "userdata" then
    local ok, s = pcall(tostring, x)
    return "U" .. (ok and "" or "!") .. "<" .. s:gsub("0x%x+", "0xADDR") .. ">"
  end
  return t .. ":" .. tostring(x)
end

function answer(source)
  local f, problem = load(source, "=snip")
  if not f then return "COMPILE " .. problem end
  local r = table.pack(pcall(f))
  local out = {}
  for i = 2, r.n do out[#out + 1] = shape(r[i], 0) end
  return (r[1] and "ok " or "ERR ") .. table.concat(out, " | ")
end
