import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Tokens that each stand for one run: what a job is given, so that what its clients say is known to come from it. */
export interface RunTokens {
  tokenOf(runId: string): string
  /** The run that a token stands for; undefined for anything that was not made with the same secret. */
  runOf(token: string): string | undefined
}

/** 256 bits, as text. Who knows it can make tokens for any run. */
export const newRunSecret = (): string => randomBytes(32).toString('base64url')

export function createRunTokens(secret: string): RunTokens {
  const signature = (runId: string): Buffer => createHmac('sha256', secret).update(`run ${runId}`).digest()
  return {
    tokenOf: (runId) => `run-${runId}-${signature(runId).toString('base64url')}`,
    runOf(token) {
      const [, runId, signed] = /^run-([0-9a-f]{32})-([\w-]{43})$/.exec(token) ?? []
      if (runId === undefined || signed === undefined) return undefined
      const [given, expected] = [Buffer.from(signed, 'base64url'), signature(runId)]
      return given.length === expected.length && timingSafeEqual(given, expected) ? runId : undefined
    },
  }
}

const senders = new WeakMap<IncomingMessage, string>()

export const noteSender = (request: IncomingMessage, runId: string): void => void senders.set(request, runId)

/** The run whose job sent the request; undefined for everybody else. */
export const jobRunOf = (request: IncomingMessage): string | undefined => senders.get(request)
