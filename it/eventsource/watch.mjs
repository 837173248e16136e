// Lists, then watches from the position of the list, as a user of npm's EventSource would. Its
// connection is cut while others write. By itself it resumes with Last-Event-ID; it is to see every
// event once, in order.

import assert from 'node:assert/strict'
import { EventSource } from 'eventsource'
import { startProxy, startServer } from './server.mjs'

const PREFIX = 'eventsource/'
const CUTS = 5
const WRITES = 40
const PATIENCE_MILLIS = 60_000

/** Waits for the events of a source to make something true. */
function until(source, what, condition) {
  const types = ['open', 'put', 'delete']
  return new Promise((resolve, reject) => {
    const end = (settle, result) => {
      clearTimeout(timer)
      types.forEach((type) => source.removeEventListener(type, look))
      settle(result)
    }
    const look = () => condition() && end(resolve)
    const tooLong = () => end(reject, new Error(`waited in vain: ${what}`))
    const timer = setTimeout(tooLong, PATIENCE_MILLIS)
    types.forEach((type) => source.addEventListener(type, look))
    look()
  })
}

async function put(url, key, value) {
  const answer = await fetch(`${url}/v1/kv/${key}`, { method: 'PUT', body: value })
  assert.ok(answer.ok, `PUT ${key} was answered ${answer.status}`)
  return `put ${key} ${value}`
}

async function remove(url, key) {
  const answer = await fetch(`${url}/v1/kv/${key}`, { method: 'DELETE' })
  assert.ok(answer.ok || answer.status === 404, `DELETE ${key} was answered ${answer.status}`)
  return answer.ok ? [`delete ${key}`] : []
}

async function list(url) {
  const answer = await fetch(`${url}/v1/kv?prefix=${PREFIX}`)
  return answer.json()
}

async function watch(server, proxy) {
  const expected = []
  let number = 0
  // Each is acknowledged before the next one is sent, so what is to be seen is in this order.
  const writeSome = async () => {
    for (let i = 0; i < WRITES; i++, number++) {
      const key = `${PREFIX}${number % 7}`
      if (number % 5 === 4) expected.push(...(await remove(server.url, key)))
      else expected.push(await put(server.url, key, `value ${number}`))
    }
  }

  await writeSome()
  const listing = await list(server.url)
  assert.ok(listing.entries.length > 0)
  expected.length = 0
  await writeSome()

  const seen = []
  let opened = 0
  const query = `prefix=${PREFIX}&from=${listing.position}`
  const source = new EventSource(`${proxy.url}/v1/watch?${query}`)
  source.addEventListener('open', () => opened++)
  source.addEventListener('put', ({ data }) => {
    const { entry } = JSON.parse(data)
    seen.push(`put ${entry.key} ${entry.value}`)
  })
  source.addEventListener('delete', ({ data }) => seen.push(`delete ${JSON.parse(data).entry.key}`))
  try {
    for (let cut = 1; cut <= CUTS; cut++) {
      await until(source, `connection ${cut}`, () => opened === cut)
      const before = expected.length
      const writing = writeSome()
      await until(source, 'some of these events', () => seen.length > before)
      proxy.cut()
      await writing
    }
    const last = await put(server.url, `${PREFIX}last`, 'the end')
    expected.push(last)
    await until(source, 'the last event', () => seen.at(-1) === last)
  } finally {
    source.close()
  }
  assert.deepEqual(seen, expected)
  assert.equal(proxy.requests.length, CUTS + 1)
  for (const request of proxy.requests.slice(1)) assert.match(request, /^last-event-id: \S+\r$/im)
  return seen.length
}

const server = await startServer(process.argv[2])
try {
  const proxy = await startProxy(server.port)
  try {
    const events = await watch(server, proxy)
    console.log(`${events} events over ${CUTS} cuts: each once, in order`)
  } finally {
    proxy.stop()
  }
} finally {
  await server.stop()
}
