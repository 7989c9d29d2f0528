function add(rec, bin, n)
  rec[bin] = (rec[bin] or 0) + n
  aerospike:update(rec)
  return rec[bin]
end

function fail(rec)
  error("on purpose")
end

function count(stream)
  local function one(rec)
    return 1
  end
  local function plus(a, b)
    return a + b
  end
  return stream : map(one) : reduce(plus)
end
