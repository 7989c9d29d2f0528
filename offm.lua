function echo(r,x) return x end
function put(r,b,x) r[b]=x if aerospike:exists(r) then return aerospike:update(r) end return aerospike:create(r) end
function err(r) error('boom') end
