// Run by `test_other_clients.py` where `aerospike` of npm is installed.

const aerospike = require('aerospike')

const KEY = new aerospike.Key('test', 'others', 'key')
const LATE = { totalTimeout: 30000, socketTimeout: 30000 }

const say = (step, value) => console.log(JSON.stringify([step, value]))

async function refused(call) {
  try {
    await call()
  } catch (error) {
    return [error.name, error.code]
  }
}

function connected(config, user, password, tlsName) {
  return aerospike.connect({
    hosts: config.hosts.map(([addr, port, name]) => ({
      addr,
      port,
      tlsname: tlsName || name
    })),
    tls: { enable: true, ...config.tls },
    user,
    password,
    connTimeoutMs: 30000,
    loginTimeoutMs: 30000,
    log: { level: aerospike.log.OFF },
    policies: { read: LATE, write: LATE, query: LATE }
  })
}

async function main(config) {
  const admin = new aerospike.AdminPolicy({ timeout: 30000 })
  const own = [config.user, config.password]
  const client = await connected(config, ...own)
  say('nodes', client.getNodes().length)
  await client.put(KEY, { i: 1, s: 'x'.repeat(100000) })
  say('get', (await client.get(KEY)).bins.i)
  const records = await client.query(KEY.ns, KEY.set).results()
  say('query', records.map((record) => record.bins.i))
  await client.createUser('ada', 'secret', ['read'], admin)
  const user = await client.queryUser('ada', admin)
  say('user', [user.name, user.roles])

  const ada = await connected(config, 'ada', 'secret')
  say('ada reads', (await ada.get(KEY)).bins.i)
  say('ada writes', await refused(() => ada.put(KEY, { i: 2 })))
  say('wrong password', await refused(() => connected(config, 'ada', 'wrong')))
  say('wrong name', await refused(() => connected(config, ...own, 'other')))
  await client.dropUser('ada', admin)
  say('users', (await client.queryUsers(admin)).map((user) => user.name))
  ada.close()
  client.close()
}

main(JSON.parse(process.argv[2]))
