import { Worker } from 'node:worker_threads'

/** Every so many commits a look at the length of the log. */
const commitsPerLook = 32
/** 16 MB: a page that is written often is copied once for all of that. */
const longLogPages = 4_000

/** After a try that somebody's long read stood in the way of, and doubled by each further one. */
const firstPauseMs = 250
const longestPauseMs = 8_000

/**
 * Copies the log first; then, once all of it is copied, lets writers begin it anew, for which they are held off a moment. While a
 * read lasts neither can be finished, and `RESTART` would keep the writers out for as long as it is allowed to wait: 10 ms (with
 * 2 s, one long read took the slowest of a hundred writes from 90 ms to 2,100 ms).
 */
const program = `
const { parentPort, workerData } = require('node:worker_threads')
const { DatabaseSync } = require('node:sqlite')
const database = new DatabaseSync(workerData, { timeout: 10 })
const checkpoint = (mode) => {
  const { busy, log, checkpointed } = database.prepare('PRAGMA wal_checkpoint(' + mode + ')').get()
  return busy === 0 && log === checkpointed
}
parentPort.on('message', (word) => {
  if (word === 'close') {
    database.close()
    parentPort.close()
    return
  }
  parentPort.postMessage(checkpoint('PASSIVE') && checkpoint('RESTART') ? 'done' : 'held')
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
  #pauseMs = 0
  #notBefore = 0

  constructor(path: string, logPages: () => number) {
    this.#path = path
    this.#logPages = logPages
  }

  afterCommit(): void {
    if (++this.#commits % commitsPerLook !== 0 || this.#isBusy || performance.now() < this.#notBefore) return
    if (this.#logPages() < longLogPages) return
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
    worker.on('message', (word) => {
      this.#isBusy = false
      this.#pauseMs = word === 'held' ? Math.min(Math.max(this.#pauseMs * 2, firstPauseMs), longestPauseMs) : 0
      this.#notBefore = performance.now() + this.#pauseMs
    })
    // Without a thread, as described above; it stays "busy" and is not asked again.
    worker.on('error', () => (this.#worker = undefined))
    return worker
  }
}
