import { containers } from './container.ts'
import { startLocalProcess } from './local-process.ts'
import type { Substrate } from './substrate.ts'

export const processes: Substrate = {
  name: 'processes',
  start: startLocalProcess,
  // Its group was killed with it.
  clear: () => Promise.resolve(),
}

export const substrateFor = (run: { image?: string }): Substrate => (run.image === undefined ? processes : containers)
