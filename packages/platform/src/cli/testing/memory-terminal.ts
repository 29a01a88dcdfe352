import { Writable } from 'node:stream'
import { main } from '../main.ts'
import type { MainOptions, OutputStream } from '../cli.ts'

export interface Outcome {
  code: number
  stdout: string
  stderr: string
}

/** A stream that keeps what is written; with `columns` it calls itself a terminal. */
export function memoryStream(columns?: number): { stream: OutputStream; bytes(): Buffer; text(): string } {
  const chunks: Buffer[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(Buffer.from(chunk))
      done()
    },
  })
  const terminal = columns === undefined ? {} : { isTTY: true, columns }
  return {
    stream: Object.assign(stream, terminal),
    bytes: () => Buffer.concat(chunks),
    text: () => Buffer.concat(chunks).toString(),
  }
}

/** Runs a command in this process with an empty environment and keeps what it says. */
export async function runMain(
  argv: readonly string[],
  options: Partial<MainOptions> & { columns?: number } = {},
): Promise<Outcome> {
  const { columns, ...rest } = options
  const [stdout, stderr] = [memoryStream(columns), memoryStream()]
  const code = await main(argv, { environment: {}, stdout: stdout.stream, stderr: stderr.stream, ...rest })
  return { code, stdout: stdout.text(), stderr: stderr.text() }
}
