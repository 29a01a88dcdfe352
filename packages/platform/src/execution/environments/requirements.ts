import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { AppError } from '@trainyard/contract'
import { parse as parseToml, TomlError } from 'smol-toml'
import { messageOf, systemErrorCode, systemReason } from '../../base/errors.ts'

/** What a piece of code needs installed. */
export interface Requirements {
  /** As pip takes them: requirements and options such as `--extra-index-url`, one per line, in the user's order. */
  lines: readonly string[]
  /** For example `>=3.9`, where the source says so. */
  requiresPython?: string
  /** Where they were read, for the record: a path, `script header`, or `list`. */
  source: string
}

/** Requirements written in code or on a command line. */
export function listedRequirements(lines: readonly string[]): Requirements {
  return {
    lines: lines.map((line) => checkedLine(line, 'The list of requirements')).filter((line) => line !== ''),
    source: 'list',
  }
}

/**
 * The header of a single-file script (PEP 723), a comment block that begins with `# /// script`. Undefined when the script has
 * none; `invalid_argument` with the line when it is damaged.
 */
export function scriptRequirements(text: string, path: string): Requirements | undefined {
  const block = scriptBlock(text, path)
  if (!block) return undefined
  const table = parseTable(block.toml, `The script header of ${path}`, block.firstLine)
  return { ...fromTable(table, `The script header of ${path}`), source: `script header of ${path}` }
}

function scriptBlock(text: string, path: string): { toml: string; firstLine: number } | undefined {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/)
  const starts = lines.flatMap((line, index) => (line.trimEnd() === '# /// script' ? [index] : []))
  const start = starts[0]
  if (start === undefined) return undefined
  const content: string[] = []
  let end: number | undefined
  for (let index = start + 1; index < lines.length; index += 1) {
    const line = (lines[index] ?? '').trimEnd()
    if (!line.startsWith('#')) break
    if (line === '# ///') end = index
    content.push(line === '#' ? '' : line.startsWith('# ') ? line.slice(2) : line)
  }
  if (end === undefined) {
    throw new AppError(
      'invalid_argument',
      `The script header of ${path} that begins on line ${start + 1} has no end; close it with a line "# ///".`,
    )
  }
  if (starts.some((other) => other > (end ?? 0))) {
    throw new AppError('invalid_argument', `${path} has more than one script header ("# /// script"); keep one.`)
  }
  return { toml: content.slice(0, end - start - 1).join('\n'), firstLine: start + 2 }
}

/** `project.dependencies` and `requires-python` of a pyproject.toml. */
export async function projectRequirements(path: string): Promise<Requirements> {
  const project = parseTable(await readText(path), path, 1)['project']
  if (!isTable(project))
    throw new AppError('invalid_argument', `${path} has no [project] table; its dependencies are read from there.`)
  return { ...fromTable(project, path), source: path }
}

/** A requirements.txt: comments and continued lines are joined away, files named by `-r` are taken in, relative paths made absolute. */
export async function fileRequirements(path: string): Promise<Requirements> {
  return { lines: await readRequirementsFile(resolve(path), []), source: path }
}

async function readRequirementsFile(path: string, above: readonly string[]): Promise<string[]> {
  if (above.includes(path)) throw new AppError('invalid_argument', `${path} includes itself through -r.`)
  const text = (await readText(path)).replace(/^\uFEFF/, '')
  const result: string[] = []
  for (const { line, number } of logicalLines(text)) {
    const include = /^(?:-r|--requirement)(?:\s+|=)?(\S.*)$/.exec(line)?.[1]
    if (include === undefined) {
      result.push(absolutePaths(checkedLine(line, `Line ${number} of ${path}`), dirname(path)))
    } else if (/^https?:/.test(include)) {
      throw new AppError('invalid_argument', `Line ${number} of ${path} includes ${include}; only local files can be included.`)
    } else {
      result.push(...(await readRequirementsFile(resolve(dirname(path), include), [...above, path])))
    }
  }
  return result
}

/** Lines joined at a `\` at their end, without comments, without empty ones. */
function* logicalLines(text: string): Generator<{ line: string; number: number }> {
  let joined = ''
  let number = 0
  let first = 1
  for (const raw of text.split(/\r?\n/)) {
    number += 1
    if (joined === '') first = number
    // A comment also ends a line that is continued.
    const line = raw.replace(/(^|\s)#.*$/, '')
    if (line.endsWith('\\') && line === raw) {
      joined += line.slice(0, -1)
      continue
    }
    joined = (joined + line).trim()
    if (joined !== '') yield { line: joined, number: first }
    joined = ''
  }
  if (joined.trim() !== '') yield { line: joined.trim(), number: first }
}

/** Relative paths count from the file they are written in, but pip gets a copy of the lines that lies elsewhere. */
function absolutePaths(line: string, folder: string): string {
  const option = /^(-c|--constraint|-e|--editable|-f|--find-links)(?:\s+|=)(\S.*)$/.exec(line)
  const name = option?.[1]
  const target = option?.[2] ?? line
  const isPath =
    /^\.{0,2}\//.test(target) || target === '.' || target === '..' || (name !== undefined && !/^[a-z+]+:/i.test(target))
  if (!isPath) return line
  const extras = /\[[\w,\s-]*\]$/.exec(target)?.[0] ?? ''
  const path = resolve(folder, target.slice(0, target.length - extras.length)) + extras
  return name === undefined ? path : `${name} ${path}`
}

function fromTable(table: Record<string, unknown>, what: string): Omit<Requirements, 'source'> {
  const { dependencies = [], 'requires-python': requiresPython } = table
  if (!Array.isArray(dependencies) || !dependencies.every((line) => typeof line === 'string')) {
    throw new AppError(
      'invalid_argument',
      `${what} needs a list of texts as dependencies, for example dependencies = ["pandas>=2"].`,
    )
  }
  if (requiresPython !== undefined && typeof requiresPython !== 'string') {
    throw new AppError('invalid_argument', `${what} needs a text as requires-python, for example requires-python = ">=3.9".`)
  }
  return {
    lines: dependencies.map((line: string) => checkedLine(line, what)),
    ...(requiresPython === undefined ? {} : { requiresPython }),
  }
}

function checkedLine(line: string, what: string): string {
  if (/[\r\n\0]/.test(line))
    throw new AppError('invalid_argument', `${what} has a requirement with a line break in it: ${JSON.stringify(line)}.`)
  return line.trim()
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function parseTable(text: string, what: string, firstLine: number): Record<string, unknown> {
  try {
    return parseToml(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const reason = messageOf(error).split('\n')[0] ?? ''
    throw new AppError(
      'invalid_argument',
      `${what} is not valid TOML: line ${error.line + firstLine - 1}: ${reason.replace(/^Invalid TOML document: /, '')}.`,
      {
        cause: error,
      },
    )
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new AppError(
      systemErrorCode(error) === 'ENOENT' ? 'not_found' : 'storage',
      `Cannot read ${path}: ${systemReason(error)}.`,
      { cause: error },
    )
  }
}
