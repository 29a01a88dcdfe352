import type { EntryParameter, EntryPoint } from '@trainyard/contract/function'
import { type Docstring, parseDocstring } from './docstring.ts'
import { closingBracket, splitTopLevel, statementStarts, stringEnd, withoutComments } from './python-text.ts'
import { pythonString, pythonValue } from './python-values.ts'

const definition = /^(?:async[ \t]+)?def[ \t]+([\p{L}_][\p{L}\p{N}_]*)[ \t]*/u
const handlerMark = /^#\s*(?:mlrun|trainyard):\s*handler\b/

/**
 * The functions at the top level of Python code that can be handlers, with their parameters, types, defaults and docs. Names that begin
 * with `_` are no handlers; where some are marked with `# mlrun:handler` in the line above, only those are.
 */
export function pythonEntryPoints(code: string): Record<string, EntryPoint> {
  const text = code.replaceAll('\r\n', '\n')
  const lines = text.split('\n')
  const found: { point: EntryPoint; isMarked: boolean }[] = []
  for (const start of statementStarts(text)) {
    const head = definition.exec(text.slice(start, start + 400))
    if (!head) continue
    const point = readDefinition(text, start, head)
    if (!point) continue
    found.push({ point, isMarked: handlerMark.test(lines[(point.line ?? 1) - 2] ?? '') })
  }
  const anyMarked = found.some(({ isMarked }) => isMarked)
  const handlers = found.filter(({ point, isMarked }) => (anyMarked ? isMarked : !point.name.startsWith('_')))
  return Object.fromEntries(handlers.map(({ point }) => [point.name, point]))
}

/** Whether a decorator stands above the definition in that line, counted from 1: it may take other parameters than are written there. */
export function isDecorated(code: string, line: number): boolean {
  const text = code.replaceAll('\r\n', '\n')
  const above = text.split('\n', line - 1).join('\n')
  const last = statementStarts(`${above}\n`).findLast((start) => !/^[ \t]*(?:#|\n|$)/.test(above.slice(start)))
  return last !== undefined && above[last] === '@'
}

/** The docstring of the whole file. */
export function pythonModuleDoc(code: string): string | undefined {
  const start = /^(?:\uFEFF)?(?:\s|#[^\n]*\n)*/.exec(code)?.[0].length ?? 0
  const end = stringEnd(code, start)
  const text = end === undefined ? undefined : pythonString(code.slice(start, end))
  return text?.trim() || undefined
}

function readDefinition(text: string, start: number, head: RegExpExecArray): EntryPoint | undefined {
  let place = start + head[0].length
  // Type parameters: def first[T](items: list[T]) -> T
  if (text[place] === '[') place = closingBracket(text, place) + 1
  while (text[place] === ' ') place++
  if (text[place] !== '(') return undefined
  const end = closingBracket(text, place)
  if (end >= text.length) return undefined
  const { parameters, hasVarargs, hasKwargs } = readParameters(text.slice(place + 1, end))
  const { type, bodyAt } = readReturnType(text, end + 1)
  const doc = readDocstring(text, bodyAt)
  for (const parameter of parameters) {
    const told = doc.parameters.get(parameter.name)
    if (told?.doc) parameter.doc = told.doc
    if (told?.type && parameter.type === undefined) parameter.type = told.type
  }
  const output = { ...(type === undefined ? {} : { type }), ...doc.returns, ...(type === undefined ? {} : { type }) }
  return {
    name: head[1]!,
    ...(doc.doc === '' ? {} : { doc: doc.doc }),
    line: text.slice(0, start).split('\n').length,
    parameters,
    ...(Object.keys(output).length === 0 ? {} : { outputs: [output] }),
    ...(hasVarargs ? { hasVarargs } : {}),
    ...(hasKwargs ? { hasKwargs } : {}),
  }
}

function readParameters(source: string): { parameters: EntryParameter[]; hasVarargs: boolean; hasKwargs: boolean } {
  const parameters: EntryParameter[] = []
  let [hasVarargs, hasKwargs] = [false, false]
  for (const part of splitTopLevel(withoutComments(source), ',')) {
    const [left = '', value] = splitTopLevel(part, '=', 2)
    const [name = '', type] = splitTopLevel(left, ':', 2).map((piece) => piece.trim())
    if (name.startsWith('**')) hasKwargs = true
    else if (name.startsWith('*') && name.length > 1) hasVarargs = true
    else if (/^[\p{L}_]/u.test(name))
      parameters.push({
        name,
        ...(type === undefined || type === '' ? {} : { type: pythonString(type) ?? type }),
        ...(value === undefined ? {} : { default: pythonValue(value) }),
      })
  }
  return { parameters, hasVarargs, hasKwargs }
}

function readReturnType(text: string, at: number): { type?: string; bodyAt: number } {
  let place = at
  while (place < text.length && text[place] !== ':' && text[place] !== '\n') {
    if ('([{'.includes(text[place]!)) place = closingBracket(text, place) + 1
    else place = stringEnd(text, place) ?? place + 1
  }
  const type = text
    .slice(at, place)
    .trim()
    .replace(/^->\s*/, '')
  const plain = pythonString(type) ?? type
  return { ...(plain === '' || plain === 'None' ? {} : { type: plain }), bodyAt: place + 1 }
}

function readDocstring(text: string, at: number): Docstring {
  const none: Docstring = { doc: '', parameters: new Map(), returns: {} }
  const skipped = /^(?:[ \t\n]|#[^\n]*\n)*/.exec(text.slice(at))?.[0].length ?? 0
  const start = at + skipped
  const end = stringEnd(text, start)
  const content = end === undefined ? undefined : pythonString(text.slice(start, end))
  return content === undefined ? none : parseDocstring(content)
}
