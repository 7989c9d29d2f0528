function f(r,x) r.a=x return aerospike:update(r) end
function g(r) return 1 end
