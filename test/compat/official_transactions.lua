function set(rec, name, value)
  rec[name] = value
  aerospike:update(rec)
  return value
end
