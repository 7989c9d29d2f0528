// Run by `test_other_clients.py`: compressed records, by `aerospike` of npm.

const aerospike = require('aerospike')

const LATE = { totalTimeout: 30000, socketTimeout: 30000, compress: true }

async function main(addr, port, text) {
  const client = await aerospike.connect({
    hosts: [{ addr, port: Number(port) }],
    connTimeoutMs: 30000,
    log: { level: aerospike.log.OFF },
    policies: { read: LATE, write: LATE }
  })
  const ours = await client.get(new aerospike.Key('test', 'others', 'ours'))
  console.log(JSON.stringify(['ours', ours.bins.t === text]))
  await client.put(new aerospike.Key('test', 'others', 'theirs'), { t: text })
  console.log(JSON.stringify(['theirs', true]))
  client.close()
}

main(...process.argv.slice(2))
