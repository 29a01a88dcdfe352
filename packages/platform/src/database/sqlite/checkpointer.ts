import { Worker } from 'node:worker_threads'

/** Every so many commits a look at the length of the log. */
const commitsPerLook = 32
/** 16 MB: a page that is written often is copied once for all of that. */
const longLogPages = 4_000

/** Copies the log first, then, with writers held off for the little that came meanwhile, lets them begin it anew. */
const program = `
const { parentPort, workerData } = require('node:worker_threads')
const { DatabaseSync } = require('node:sqlite')
const database = new DatabaseSync(workerData, { timeout: 2000 })
parentPort.on('message', (word) => {
  if (word === 'close') {
    database.close()
    parentPort.close()
    return
  }
  database.prepare('PRAGMA wal_checkpoint(PASSIVE)').all()
  database.prepare('PRAGMA wal_checkpoint(RESTART)').all()
  parentPort.postMessage('done')
})
`

/**
 * Moves the log into the database in a thread of its own, made when the log first grows long: the event loop would stand still for
 * the writes of thousands of pages and two fsyncs (5 to 300 ms). Where that fails nothing is lost: at twice 16 MB SQLite does it
 * inside a commit, as it always did.
 */
export class Checkpointer {
  readonly #path: string
  readonly #logPages: () => number
  #worker: Worker | undefined
  #isBusy = false
  #commits = 0

  constructor(path: string, logPages: () => number) {
    this.#path = path
    this.#logPages = logPages
  }

  afterCommit(): void {
    if (++this.#commits % commitsPerLook !== 0 || this.#isBusy || this.#logPages() < longLogPages) return
    this.#isBusy = true
    this.#worker ??= this.#start()
    this.#worker.postMessage('checkpoint', [])
  }

  async close(): Promise<void> {
    const worker = this.#worker
    this.#worker = undefined
    if (!worker) return
    const gone = new Promise((resolve) => worker.once('exit', resolve))
    worker.ref()
    worker.postMessage('close', [])
    await gone
  }

  #start(): Worker {
    const worker = new Worker(program, { eval: true, workerData: this.#path })
    worker.unref()
    worker.on('message', () => (this.#isBusy = false))
    // Without a thread, as described above; it stays "busy" and is not asked again.
    worker.on('error', () => (this.#worker = undefined))
    return worker
  }
}
