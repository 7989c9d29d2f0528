// Run by `test_node.py`: what programs do most with a cluster, by `aerospike` of npm.
// Arguments: address and port of a node, and the file of a module in Lua.
// It prints each step with what it came to, as a line of JSON.

const path = require('node:path')

const aerospike = require('aerospike')

const { exp, filter, hll, lists, maps, operations: ops } = aerospike
const NS = 'test'
const SET = 'node'
const N = 40
const LATE = { totalTimeout: 30000, socketTimeout: 30000 }
const KINDS = ['apply', 'batch', 'operate', 'query', 'read', 'remove', 'scan', 'write']
const SENT = [
  'batchApply', 'batchParentWrite', 'batchRead', 'batchRemove', 'batchWrite', 'info'
]

const key = (name) => new aerospike.Key(NS, SET, name)
const numbers = (records) => records.map((each) => each.bins.n).sort((a, b) => a - b)
// without the metadata, which differ from cluster to cluster
const rows = (found) => found.map(({ status, record }) => [status, record.bins])

async function refused (call) {
  try {
    return await call()
  } catch (error) {
    return [error.name, error.code]
  }
}

async function records (client) {
  const bins = {
    i: -5,
    big: 2n ** 62n,
    d: new aerospike.Double(2),
    s: 'clé',
    b: Buffer.from([0, 255]),
    t: true,
    l: [1, ['two', null, { k: 2.5 }]],
    m: { a: 1, b: { c: [true] } },
    g: new aerospike.GeoJSON({ type: 'Point', coordinates: [1, 2] })
  }
  await client.put(key('all'), bins, { ttl: 1000 })
  const found = await client.get(key('all'))
  return {
    i: found.bins.i,
    big: found.bins.big === bins.big,
    d: found.bins.d,
    s: found.bins.s,
    b: [...found.bins.b],
    t: found.bins.t,
    l: found.bins.l,
    m: found.bins.m,
    g: JSON.parse(found.bins.g).coordinates,
    gen: found.gen,
    ttl: found.ttl > 900 && found.ttl <= 1000,
    select: (await client.select(key('all'), ['i', 'none'])).bins,
    exists: await client.exists(key('all')),
    absent: await client.exists(key('absent')),
    missing: await refused(() => client.get(key('absent'))),
    stale: await refused(() =>
      client.put(key('all'), { i: 1 }, { gen: 9 }, {
        gen: aerospike.policy.gen.EQ
      })
    ),
    created: await refused(() =>
      client.put(key('all'), { i: 1 }, {}, { exists: aerospike.policy.exists.CREATE })
    ),
    namespace: await refused(() => client.get(new aerospike.Key('nope', SET, 'k'))),
    increment: (await client.operate(key('all'), [ops.incr('i', 7), ops.read('i')])).bins,
    removed: await client.remove(key('all')).then(() => client.exists(key('all')))
  }
}

async function collections (client) {
  const place = key('collections')
  await client.put(place, { l: [5, 1, 3], m: { c: 3, a: 1 }, deep: { l: [{ x: 1 }] } })
  const run = async (...steps) => (await client.operate(place, steps)).bins
  return {
    append: await run(lists.append('l', 9)),
    sort: await run(lists.sort('l', 0), ops.read('l')),
    rank: await run(lists.getByRankRange('l', -2, 2, lists.returnType.VALUE)),
    relative: await run(
      lists.getByValueRelRankRange('l', 3, 1, 1, lists.returnType.VALUE)
    ),
    inverted: await run(
      lists.removeByValueList('l', [1, 9], lists.returnType.COUNT).invertSelection()
    ),
    left: await run(ops.read('l')),
    outside: await refused(() => run(lists.get('l', 10))),
    order: await run(maps.setPolicy('m', { order: maps.order.KEY_ORDERED })),
    put: await run(maps.putItems('m', { b: 2, d: 4 })),
    keys: await run(maps.getByKeyRange('m', 'b', 'd', maps.returnType.KEY)),
    values: await run(maps.getByRankRange('m', 0, 2, maps.returnType.VALUE)),
    popped: await run(maps.removeByKey('m', 'a', maps.returnType.KEY_VALUE)),
    incremented: await run(maps.increment('m', 'b', 10)),
    nested: await run(
      maps.put('deep', 'y', 2).withContext((ctx) => ctx.addMapKey('l').addListIndex(0)),
      ops.read('deep')
    ),
    wrong: await refused(() => run(lists.append('m', 1)))
  }
}

async function others (client) {
  const place = key('others')
  const bits = aerospike.bitwise
  await client.put(place, { b: Buffer.from([0b10101010, 1]), n: 6 })
  const run = async (...steps) => (await client.operate(place, steps)).bins
  const doubled = exp.mul(exp.binInt('n'), exp.int(2))
  return {
    bits: await run(bits.getInt('b', 0, 8, false)),
    or: await run(bits.or('b', 0, 8, Buffer.from([0x0f])), bits.getInt('b', 0, 8, false)),
    hll: await run(hll.add('h', ['a', 'b', 'a'], 8), hll.getCount('h')),
    described: await run(hll.describe('h')),
    read: await run(exp.operations.read('x', doubled, 0)),
    write: await run(exp.operations.write('y', doubled, 0), ops.read('y'))
  }
}

async function batches (client) {
  const names = ['b0', 'b1', 'b2', 'gone'].map(key)
  await Promise.all(names.slice(0, 3).map((each, n) => client.put(each, { n })))
  const read = { type: aerospike.batchType.BATCH_READ, readAllBins: true }
  const write = { type: aerospike.batchType.BATCH_WRITE }
  return {
    read: rows(await client.batchRead(names.map((each) => ({ ...read, key: each })))),
    select: rows(await client.batchSelect(names.slice(0, 2), ['n', 'none'])),
    exists: (await client.batchExists(names)).map((each) => each.status),
    mixed: rows(
      await client.batchWrite([
        { ...write, key: names[0], ops: [ops.incr('n', 5), ops.read('n')] },
        { type: aerospike.batchType.BATCH_REMOVE, key: names[3] },
        { ...read, key: names[1] }
      ])
    ),
    filtered: (
      await client.batchRead(names.map((each) => ({ ...read, key: each })), {
        filterExpression: exp.lt(exp.binInt('n'), exp.int(2))
      })
    ).map((each) => each.status),
    removed: (await client.batchRemove(names)).map((each) => each.status)
  }
}

async function queries (client) {
  const names = [...Array(N).keys()].map((n) => key(`q${n}`))
  const bins = (n) => ({ n, half: n % 2 ? 'odd' : 'even', tags: [`t${n % 3}`] })
  await Promise.all(names.map((each, n) => client.put(each, bins(n))))
  const index = { ns: NS, set: SET, bin: 'n', index: 'node_n' }
  const tags = { ...index, bin: 'tags', index: 'node_tags' }
  await (await client.createIntegerIndex(index)).wait(20)
  await (
    await client.createStringIndex({ ...tags, type: aerospike.indexType.LIST })
  ).wait(20)
  const found = (options) => client.query(NS, SET, options).results()
  const odd = { filterExpression: exp.eq(exp.binStr('half'), exp.str('odd')) }
  const between = { filters: [filter.range('n', 10, 14)] }
  const paged = client.query(NS, SET, {
    ...between, paginate: true, maxRecords: 2
  })
  const pages = []
  do {
    pages.push(...(await paged.results()))
  } while (paged.hasNextPage() && pages.length < N)
  const halved = client.scan(NS, SET)
  halved.partitions(0, 2048)
  const rest = client.scan(NS, SET)
  rest.partitions(2048, 2048)
  const job = await client
    .query(NS, SET, between)
    .operate([ops.write('seen', 1)], null, null)
  await job.wait(20)
  const contains = filter.contains('tags', 't1', aerospike.indexType.LIST)
  const results = {
    again: await refused(() => client.createStringIndex({ ...index, bin: 'half' })),
    range: numbers(await found(between)),
    equal: numbers(await found({ filters: [filter.equal('n', 7)] })),
    contains: (await found({ filters: [contains] })).length,
    filtered: numbers(await client.query(NS, SET, between).results(odd)),
    scan: (await client.scan(NS, SET).results()).filter((each) => 'half' in each.bins).length,
    halves: [...(await halved.results()), ...(await rest.results())].filter(
      (each) => 'half' in each.bins
    ).length,
    pages: numbers(pages),
    background: (await found({})).filter((each) => each.bins.seen === 1).length,
    unknown: await refused(() => found({ filters: [filter.equal('half', 'odd')] }))
  }
  await client.indexRemove(NS, 'node_n')
  await client.indexRemove(NS, 'node_tags')
  return results
}

async function functions (client, module) {
  const name = path.basename(module, '.lua')
  await (await client.udfRegister(module)).wait(20)
  const call = (funcname, ...args) => ({ module: name, funcname, args })
  const place = key('q1')
  const applied = await client.batchApply([key('q2'), key('q3')], call('add', 'n', 100))
  const job = await client.query(NS, SET).background(name, 'add', ['m', 1])
  await job.wait(20)
  const results = {
    apply: await client.apply(place, call('add', 'n', 2)),
    batch: applied.map((each) => [each.status, each.record.bins]),
    failed: await refused(() => client.apply(place, call('fail'))),
    none: await refused(() => client.apply(place, call('none'))),
    background: (await client.get(place)).bins.m,
    aggregated: await client.query(NS, SET).apply(name, 'count')
  }
  await (await client.udfRemove(`${name}.lua`)).wait(20)
  return results
}

async function cluster (client, addr, port) {
  const value = (text) => text.split('\t')[1].trim()
  const all = await client.infoAll('status\n')
  return {
    nodes: client.getNodes().length === all.length,
    status: [...new Set(all.map((each) => value(each.info)))],
    partitions: value(await client.info('partitions\n', { addr, port })),
    any: value(await client.infoAny('namespaces\n')).split(';').includes(NS),
    connected: client.isConnected(),
    security: await refused(() => client.queryUsers()),
    durable: await refused(() =>
      client.remove(key('q0'), new aerospike.RemovePolicy({ durableDelete: true }))
    )
  }
}

async function emptied (client) {
  await client.truncate(NS, SET, 0)
  const deadline = Date.now() + 20000
  let left
  do {
    left = (await client.scan(NS, SET).results()).length
  } while (left && Date.now() < deadline)
  return left
}

async function main (addr, port, module) {
  const client = await aerospike.connect({
    hosts: [{ addr, port }],
    connTimeoutMs: 30000,
    modlua: { userPath: path.dirname(module) }, // for the client's half of aggregations
    log: { level: aerospike.log.OFF },
    policies: Object.fromEntries([...KINDS, ...SENT].map((kind) => [kind, LATE]))
  })
  const say = (step, value) => console.log(JSON.stringify([step, value]))
  say('records', await records(client))
  say('collections', await collections(client))
  say('others', await others(client))
  say('batches', await batches(client))
  say('queries', await queries(client))
  say('functions', await functions(client, module))
  say('cluster', await cluster(client, addr, port))
  say('emptied', await emptied(client))
  client.close()
}

const [addr, port, lua] = process.argv.slice(2)
main(addr, Number(port), lua)
