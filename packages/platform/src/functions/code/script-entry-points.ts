import type { EntryPoint } from '@trainyard/contract/function'
import { parseDocstring } from './docstring.ts'
import { closingBracket, splitTopLevel } from './python-text.ts'

const exported =
  /(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*)?^export\s+(default\s+)?(?:async\s+)?(?:function\s*\*?\s*([\w$]*)|const\s+([\w$]+)\s*(?::[^=]+)?=\s*(?:async\s*)?(?=\())\s*(?:<[^(]*>)?\s*(?=\()/gm

/** The exported functions of TypeScript or JavaScript code, with their parameters, types and what the comment before them says. */
export function scriptEntryPoints(code: string): Record<string, EntryPoint> {
  const points: Record<string, EntryPoint> = {}
  for (const found of code.matchAll(exported)) {
    const [whole, comment, isDefault, declared, assigned] = found
    const name = declared || assigned || (isDefault === undefined ? '' : 'default')
    if (name === '') continue
    const open = found.index + whole.length
    const docs = parseDocstring(
      (comment ?? '')
        .replaceAll(/^\s*\* ?/gm, '')
        .replaceAll(/^@param\s+(?:\{[^}]*\}\s*)?(\w+)\s*-?\s*/gm, ':param $1: ')
        .replaceAll(/^@returns?\s+/gm, ':returns: '),
    )
    const parameters = splitTopLevel(code.slice(open + 1, closingBracket(code, open)), ',').flatMap((part) => {
      const [, parameter, type, value] = /^\s*([\w$]+)\??\s*(?::\s*([^=]+?))?\s*(?:=\s*([\s\S]+))?\s*$/.exec(part) ?? []
      if (parameter === undefined) return []
      const doc = docs.parameters.get(parameter)?.doc
      return [
        {
          name: parameter,
          ...(type === undefined ? {} : { type: type.trim() }),
          ...(value === undefined ? {} : { default: literal(value.trim()) }),
          ...(doc === undefined ? {} : { doc }),
        },
      ]
    })
    points[name] = {
      name,
      ...(docs.doc === '' ? {} : { doc: docs.doc }),
      line: code.slice(0, found.index + whole.lastIndexOf('export')).split('\n').length,
      parameters,
      ...(docs.returns.doc === undefined ? {} : { outputs: [{ doc: docs.returns.doc }] }),
    }
  }
  return points
}

function literal(source: string): unknown {
  try {
    return JSON.parse(source.replace(/^'([^'"\\]*)'$/, '"$1"'))
  } catch {
    return source
  }
}
