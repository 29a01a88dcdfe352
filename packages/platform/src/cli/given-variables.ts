import type { EnvironmentVariables } from './config.ts'

const memory = 'TRAINYARD_GIVEN'

/**
 * Variables that point clients at one run, and a memory of them: a command started inside that run must not take them for settings of
 * the user. The memory holds digests, since values may be tokens, or nearly as long as a variable can be.
 */
export const withMemory = (given: Readonly<Record<string, string>>): Record<string, string> => {
  const entries = Object.entries(given)
  if (entries.length === 0) return {}
  return { ...given, [memory]: entries.map(([name, value]) => `${name}=${digestOf(value)}`).join(' ') }
}

/** The environment without what a run around this process was given. What was set anew inside the run stays. */
export function withoutGiven(environment: EnvironmentVariables): EnvironmentVariables {
  const rest: Record<string, string | undefined> = { ...environment }
  const remembered = rest[memory]
  if (remembered === undefined) return environment
  delete rest[memory]
  for (const entry of remembered.split(' ')) {
    const [name = '', digest] = entry.split('=')
    const value = rest[name]
    if (value !== undefined && digestOf(value) === digest) delete rest[name]
  }
  return rest
}

/** Loaded here and not with the program: most commands run inside no run. */
const digestOf = (value: string): string => process.getBuiltinModule('node:crypto').hash('sha256', value).slice(0, 32)
