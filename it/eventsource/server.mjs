// The packaged server on free ports with a data directory of its own, and a proxy before it.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const START_MILLIS = 180_000

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address()
  probe.close()
  await once(probe, 'close')
  return port
}

async function isReady(url) {
  try {
    return (await fetch(`${url}/health/ready`)).ok
  } catch {
    return false
  }
}

/** Starts the server; resolves when it is ready. */
export async function startServer(jar) {
  const directory = await mkdtemp(join(tmpdir(), 'kvstore-eventsource-'))
  const port = await freePort()
  const launcher = spawn('java', ['-jar', jar], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      KV_HTTP_PORT: String(port),
      KV_HTTPS_PORT: String(await freePort()),
      KV_DATA_DIR: join(directory, 'data'),
      WLP_JAR_EXTRACT_ROOT: directory,
    },
  })
  const ended = once(launcher, 'exit')
  const stop = async () => {
    launcher.kill()
    await ended
    await rm(directory, { recursive: true, force: true })
  }
  const url = `http://127.0.0.1:${port}`
  const deadline = Date.now() + START_MILLIS
  while (!(await isReady(url))) {
    if (launcher.exitCode !== null || Date.now() > deadline) {
      await stop()
      throw new Error('the server did not get ready')
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return { url, port, stop }
}

/** A TCP proxy that can cut what goes through it. It keeps the head of each request it forwards. */
export async function startProxy(port) {
  const requests = []
  const open = new Set()
  const proxy = createServer((client) => {
    const server = connect(port, '127.0.0.1')
    client.once('data', (head) => requests.push(head.toString('latin1')))
    for (const [from, to] of [[client, server], [server, client]]) {
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        open.delete(from)
        to.destroy()
      })
      open.add(from)
    }
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const cut = () => open.forEach((socket) => socket.destroy())
  return {
    url: `http://127.0.0.1:${proxy.address().port}`,
    requests,
    cut,
    stop: () => {
      proxy.close()
      cut()
    },
  }
}
