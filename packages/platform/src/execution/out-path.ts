import { isAbsolute, join, resolve } from 'node:path'
import { AppError } from '@trainyard/contract'

export interface OutPathValues {
  uid: string
  name: string
  project: string
  iteration: number
}

/** A path made of one folder level: what a name may become. */
const safeName = (text: string): string =>
  text
    .replaceAll(/[^\p{L}\p{N}._ -]/gu, '_')
    .replace(/^\.+/, '_')
    .slice(0, 100) || '_'

/**
 * Where a run's artifacts go. Without a template it is `<artifacts>/<project>/<run id>`. A given path without `{{run.uid}}` gets the
 * run id as its last folder, because two runs writing one `model.bin` would otherwise destroy each other's bytes.
 */
export function resolveOutPath(
  template: string | undefined,
  values: OutPathValues,
  places: { artifacts: string; workingDirectory: string },
): string {
  if (template === undefined || template === '') return join(places.artifacts, safeName(values.project), values.uid)
  const known: Record<string, string> = {
    'run.uid': values.uid,
    'run.id': values.uid,
    'run.name': safeName(values.name),
    'run.project': safeName(values.project),
    project: safeName(values.project),
    'run.iteration': String(values.iteration),
  }
  let unique = false
  const filled = template.replaceAll(/\{\{\s*([\w.]+)\s*\}\}/g, (whole, key: string) => {
    const value = known[key]
    if (value === undefined) {
      const right = Object.keys(known).map((name) => `{{${name}}}`)
      throw new AppError('invalid_argument', `Unknown template ${whole} in the out path; known are ${right.join(', ')}.`)
    }
    unique ||= key === 'run.uid' || key === 'run.id'
    return value
  })
  const base =
    /^[a-z][a-z0-9+.-]*:\/\//i.test(filled) || isAbsolute(filled)
      ? filled.replace(/\/+$/, '')
      : resolve(places.workingDirectory, filled)
  return unique ? base : `${base}/${values.uid}`
}
