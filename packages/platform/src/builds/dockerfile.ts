import { AppError } from '@trainyard/contract'
import type { FunctionSpec } from '@trainyard/contract/function'

export interface DockerfileParts {
  /** The context has a folder `source` with the function's source. */
  hasSource: boolean
  /** The context has a folder `code` with this file. */
  codeFile?: string
  /** Names of secrets that commands and installers find as variables. */
  secrets: readonly string[]
  requirements: readonly string[]
}

/** Where the code lies in an image. */
export const imageFolder = '/home/trainyard'

const imageName = /^[\w.\-/:@]+$/
const variableName = /^[A-Za-z_]\w*$/

/**
 * The Dockerfile of a function: its base image, source, commands and requirements, in this order, as MLRun builds them. Commands are lists
 * of words for the shell, so that nothing in them can end one line of the file and begin another. A secret is mounted for the while of
 * a command and is in no layer.
 */
export function dockerfileOf(spec: FunctionSpec, parts: DockerfileParts): string {
  const base = spec.baseImage ?? spec.image
  if (base === undefined)
    throw new AppError('invalid_argument', `The function ${spec.name} has no base image to build on: give one with --base-image.`)
  if (!imageName.test(base)) throw new AppError('invalid_argument', `'${base.slice(0, 100)}' is no name of an image.`)
  for (const name of [...parts.secrets, ...Object.keys(spec.buildEnvironment ?? {})])
    if (!variableName.test(name))
      throw new AppError('invalid_argument', `'${name.slice(0, 60)}' cannot be the name of a variable.`)
  const run = (command: string): string => {
    const given = parts.secrets.map((name) => `${name}="$(cat /run/secrets/${name})"; export ${name}; `).join('')
    const mounts = parts.secrets.map((name) => `--mount=type=secret,id=${name} `).join('')
    return `RUN ${mounts}${JSON.stringify(['/bin/sh', '-c', `${given}${command}`])}`
  }
  return `${[
    `FROM ${base}`,
    ...Object.entries(spec.buildEnvironment ?? {}).map(([name, value]) => `ARG ${name}=${JSON.stringify(value)}`),
    `WORKDIR ${imageFolder}`,
    ...(parts.hasSource ? [`COPY source/ ${imageFolder}/`] : []),
    ...(spec.commands ?? []).map(run),
    ...(parts.requirements.length === 0
      ? []
      : [
          `COPY requirements.txt /tmp/trainyard-requirements.txt`,
          run('python -m pip install --no-cache-dir -r /tmp/trainyard-requirements.txt'),
        ]),
    ...(parts.codeFile === undefined ? [] : [`COPY code/ ${imageFolder}/`]),
    `ENV PYTHONPATH=${imageFolder}`,
  ].join('\n')}\n`
}
