/** What a docstring says: the text, and of parameters and results what they are. */
export interface Docstring {
  doc: string
  parameters: Map<string, { doc?: string; type?: string }>
  returns: { doc?: string; type?: string }
}

/** Reads docstrings in the styles of Sphinx (`:param x:`), Google (`Args:`) and NumPy (`Parameters` underlined). */
export function parseDocstring(text: string): Docstring {
  const lines = dedent(text).split('\n')
  const found: Docstring = { doc: '', parameters: new Map(), returns: {} }
  if (lines.some((line) => /^:\s*\w+/.test(line))) readSphinx(lines, found)
  else if (lines.some((line) => googleSection.test(line))) readGoogle(lines, found)
  else if (lines.some((line, at) => numpySection.test(line) && /^-{3,}\s*$/.test(lines[at + 1] ?? ''))) readNumpy(lines, found)
  else found.doc = lines.join('\n').trim()
  return found
}

const googleSection = /^(Args|Arguments|Parameters|Returns|Return|Yields|Raises|Examples?|Notes?):\s*$/
const numpySection = /^(Parameters|Returns|Yields|Raises|Examples|Notes|See Also)\s*$/

function dedent(text: string): string {
  const [first = '', ...rest] = text.replaceAll('\t', '        ').split('\n')
  const indents = rest.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length)
  const indent = Math.min(...indents, 1_000)
  return [first.trim(), ...rest.map((line) => line.slice(indent).trimEnd())].join('\n').trim()
}

const parameterOf = (found: Docstring, name: string): { doc?: string; type?: string } => {
  const known = found.parameters.get(name) ?? {}
  found.parameters.set(name, known)
  return known
}

function readSphinx(lines: readonly string[], found: Docstring): void {
  const first = lines.findIndex((line) => /^:\s*\w+/.test(line))
  found.doc = lines.slice(0, first).join('\n').trim()
  const sections: string[] = []
  for (const line of lines.slice(first)) {
    if (line.startsWith(':')) sections.push(line)
    else if (line.trim() !== '' && sections.length > 0) sections.push(`${sections.pop()!} ${line.trim()}`)
  }
  for (const section of sections) {
    const [, tag = '', words = '', text = ''] = /^:\s*(\w+)\s*([^:]*):\s*([\s\S]*)$/.exec(section) ?? []
    const parts = words.trim().split(/\s+/)
    const name = (parts.at(-1) ?? '').replace(/^\*+/, '')
    if (tag === 'param' || tag === 'parameter' || tag === 'arg') {
      const parameter = parameterOf(found, name)
      parameter.doc = text.trim()
      if (parts.length > 1) parameter.type = parts.slice(0, -1).join(' ')
    } else if (tag === 'type') parameterOf(found, name).type = text.trim()
    else if (tag === 'return' || tag === 'returns') found.returns.doc = text.trim()
    else if (tag === 'rtype') found.returns.type = text.trim()
  }
}

function readGoogle(lines: readonly string[], found: Docstring): void {
  let section = ''
  const doc: string[] = []
  let current: { doc?: string } | undefined
  for (const line of lines) {
    const title = googleSection.exec(line)?.[1]
    if (title !== undefined) {
      section = title
      current = undefined
    } else if (section === '') doc.push(line)
    else if (/^\s*$/.test(line)) current = undefined
    else if (/^(?:Args|Arguments|Parameters)$/.test(section)) {
      const [, name, type, text = ''] = /^ {1,8}\*{0,2}(\w+)\s*(?:\(([^)]*)\))?\s*:\s*(.*)$/.exec(line) ?? []
      if (name !== undefined && !isContinuation(line, lines)) {
        const parameter = parameterOf(found, name)
        parameter.doc = text.trim()
        if (type !== undefined) parameter.type = type.replace(/,?\s*optional$/, '')
        current = parameter
      } else if (current) current.doc = `${current.doc ?? ''} ${line.trim()}`.trim()
    } else if (/^Returns?$/.test(section)) found.returns.doc = `${found.returns.doc ?? ''} ${line.trim()}`.trim()
  }
  found.doc = doc.join('\n').trim()
}

/** Deeper than the first line of its section. */
function isContinuation(line: string, lines: readonly string[]): boolean {
  const at = lines.findIndex((each) => /^(?:Args|Arguments|Parameters):\s*$/.test(each))
  const first = lines[at + 1] ?? ''
  return line.length - line.trimStart().length > first.length - first.trimStart().length
}

function readNumpy(lines: readonly string[], found: Docstring): void {
  let section = ''
  const doc: string[] = []
  let current: { doc?: string; type?: string } | undefined
  for (const [at, line] of lines.entries()) {
    if (/^-{3,}\s*$/.test(line)) continue
    if (numpySection.test(line) && /^-{3,}\s*$/.test(lines[at + 1] ?? '')) {
      section = line.trim()
      current = undefined
    } else if (section === '') doc.push(line)
    else if (section === 'Parameters') {
      const [, names, type] = /^(\*{0,2}\w+(?:\s*,\s*\w+)*)\s*(?::\s*(.*))?$/.exec(line) ?? []
      if (names !== undefined) {
        for (const name of names.split(',')) current = parameterOf(found, name.trim().replace(/^\*+/, ''))
        if (current && type !== undefined && type !== '') current.type = type.replace(/,?\s*optional$/, '')
      } else if (current && line.trim() !== '') current.doc = `${current.doc ?? ''} ${line.trim()}`.trim()
    } else if (section === 'Returns' && line.trim() !== '') {
      if (/^\S/.test(line)) found.returns.type = line.replace(/^\w+\s*:\s*/, '').trim()
      else found.returns.doc = `${found.returns.doc ?? ''} ${line.trim()}`.trim()
    }
  }
  found.doc = doc.join('\n').trim()
}
