-- Functions for sales.py: one that changes a record, and some that sum up records.

local function add(a, b)
  return a + b
end

-- Sell so many pieces of an article; false if there are not enough of them.
function sell(rec, pieces)
  if not aerospike:exists(rec) then
    error("there is no such article")
  end
  if rec.stock < pieces then
    return false
  end
  rec.stock = rec.stock - pieces
  rec.sold = (rec.sold or 0) + pieces
  aerospike:update(rec)
  return true
end

-- Multiply the price by percent / 100; for background work.
function change_price(rec, percent)
  rec.price = rec.price * percent / 100
  aerospike:update(rec)
end

-- How many articles there are.
function count(stream)
  local function one()
    return 1
  end
  return stream : map(one) : reduce(add)
end

-- A map from each kind of article to the pieces that were sold.
function sold_by_kind(stream)
  local function collect(sums, rec)
    sums[rec.kind] = (sums[rec.kind] or 0) + (rec.sold or 0)
    return sums
  end
  local function join(a, b)
    return map.merge(a, b, add)
  end
  return stream : aggregate(map(), collect) : reduce(join)
end

-- Put an article in its place in a list, the best first, and keep n of them.
local function put_in(best, article, n)
  local place = #best + 1
  while place > 1 and best[place - 1].turnover < article.turnover do
    place = place - 1
  end
  list.insert(best, place, article)
  list.trim(best, n + 1)
end

-- The n articles with the largest turnover.
function best(stream, n)
  local function collect(found, rec)
    local turnover = (rec.sold or 0) * rec.price
    put_in(found, map{name = rec.name, turnover = turnover}, n)
    return found
  end
  local function join(a, b)
    for article in list.iterator(b) do
      put_in(a, article, n)
    end
    return a
  end
  return stream : aggregate(list(), collect) : reduce(join)
end
