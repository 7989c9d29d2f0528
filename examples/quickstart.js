// A Node program on the development server:
//
//     npm install aerospike
//     aerospike-devserver &
//     node quickstart.js

const aerospike = require('aerospike')

async function main (addr = '127.0.0.1', port = 3000) {
  const client = await aerospike.connect({ hosts: [{ addr, port: Number(port) }] })
  const key = new aerospike.Key('test', 'users', 'ada')
  await client.put(key, { name: 'Ada', tags: ['new'] }, { ttl: 3600 })
  await client.operate(key, [aerospike.lists.append('tags', 'reader')])
  const record = await client.get(key)
  console.log(JSON.stringify(record.bins))
  await client.remove(key)
  client.close()
}

main(...process.argv.slice(2))
