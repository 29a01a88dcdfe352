import type { RunState } from '@trainyard/contract'
import type { Style } from './style.ts'

const looks = {
  created: { symbol: '○', ascii: '.', style: 'dim' },
  pending: { symbol: '○', ascii: '.', style: 'yellow' },
  running: { symbol: '▶', ascii: '>', style: 'blue' },
  aborting: { symbol: '▶', ascii: '>', style: 'yellow' },
  completed: { symbol: '✔', ascii: '+', style: 'green' },
  failed: { symbol: '✘', ascii: 'x', style: 'red' },
  aborted: { symbol: '■', ascii: '#', style: 'magenta' },
  skipped: { symbol: '-', ascii: '-', style: 'dim' },
} as const satisfies Record<RunState, { symbol: string; ascii: string; style: keyof Style }>

/** The state with its sign: never the colour alone tells the state. */
export const stateText = (state: RunState, unicode: boolean): string =>
  `${unicode ? looks[state].symbol : looks[state].ascii} ${state}`

export const stateStyle = (state: RunState, style: Style): ((text: string) => string) => style[looks[state].style]
