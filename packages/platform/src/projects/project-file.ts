import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { AppError, checkProjectName, isJsonObject, type JsonObject, type JsonValue } from '@trainyard/contract'
import { systemReason } from '../base/errors.ts'
import { parseYamlText } from '../base/yaml-text.ts'
import { withPortableArtifacts } from './listed-artifact.ts'

export const projectFileName = 'project.yaml'
const largestBytes = 10 * 1024 * 1024

/** `project.yaml`: what a project says of itself. */
export interface ProjectFile {
  name: string
  metadata: JsonObject
  spec: JsonObject
}

/** Tables of a document; `invalid_argument` where something else stands in its place. */
export const tablesOf = (spec: JsonObject, field: string, source: string): JsonObject[] => {
  const value = spec[field] ?? []
  const fits = Array.isArray(value) && value.every(isJsonObject)
  if (!fits) throw new AppError('invalid_argument', `${source}: spec.${field} must be a list of tables.`)
  return value
}

/** Reads the `project.yaml` of a folder. Every refusal names the file and, where there is one, the line. */
export async function readProjectFile(folder: string): Promise<ProjectFile> {
  const path = join(folder, projectFileName)
  if (!existsSync(path))
    throw new AppError(
      'not_found',
      `There is no ${projectFileName} in ${folder}; make one with: trainyard project new <name> --folder ${folder}`,
    )
  let text: string
  try {
    if (statSync(path).size > largestBytes)
      throw new AppError('invalid_argument', `${path} is larger than 10 MiB, which no project.yaml is.`)
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof AppError) throw error
    throw new AppError('invalid_argument', `Cannot read ${path}: ${systemReason(error)}.`, { cause: error })
  }
  return checkProject(await parseYamlText(text, path), path)
}

function checkProject(content: JsonValue, source: string): ProjectFile {
  if (!isJsonObject(content))
    throw new AppError('invalid_argument', `${source} holds no project: expected kind, metadata and spec.`)
  const { kind, metadata = {}, spec = {} } = content
  if (kind !== undefined && kind !== 'project')
    throw new AppError('invalid_argument', `${source} is of the kind ${JSON.stringify(kind).slice(0, 40)}, not project.`)
  if (!isJsonObject(metadata) || !isJsonObject(spec))
    throw new AppError('invalid_argument', `${source}: metadata and spec must be tables of fields.`)
  const { name } = metadata
  if (typeof name !== 'string') throw new AppError('invalid_argument', `${source}: metadata.name must be the project's name.`)
  checkProjectName(name)
  for (const field of ['functions', 'workflows', 'artifacts']) tablesOf(spec, field, source)
  return { name, metadata, spec: withPortableArtifacts(spec) }
}

/** The text of a `project.yaml`, as PyYAML writes it; its artifacts are in the form that MLRun's client reads too. */
export async function printProjectFile({ name, metadata, spec }: ProjectFile): Promise<string> {
  const { dump } = await import('js-yaml')
  const { name: _name, created: _created, ...rest } = metadata
  return dump(
    { kind: 'project', metadata: { name, ...rest }, spec: withPortableArtifacts(spec) },
    { seqNoIndent: true, lineWidth: 100, noRefs: true },
  )
}
