import { inferValues } from '@trainyard/contract'
import type { EntryPoint } from '@trainyard/contract/function'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { useGo } from '../app/link.tsx'
import type { FunctionVersion } from '@trainyard/contract/native-api'
import { type AskedParameter, ParameterFields } from './parameter-fields.tsx'
import { FormSheet } from '../ui/form-sheet.tsx'

/** A form made from the handler's parameters, their types and what the code says of them; what is left empty keeps its default. */
export function FunctionRunSheet({ shown, onClose }: { shown: FunctionVersion; onClose: () => void }) {
  const { spec } = shown
  const entries = Object.values(spec.entryPoints ?? {})
  const [handler, setHandler] = useState(spec.handler ?? entries[0]?.name ?? '')
  const [texts, setTexts] = useState<Record<string, string>>({})
  const go = useGo()
  const parameters = askedOf(
    entries.find(({ name }) => name === handler),
    spec.parameters ?? {},
  )
  const start = async (): Promise<void> => {
    const given = Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ''))
    const { run } = await post<{ run: { id: string } }>(`/functions/${encodeURIComponent(shown.name)}/runs`, {
      project: shown.project,
      hash: shown.hash,
      task: {
        ...(handler === '' ? {} : { handler }),
        parameters: inferValues(given),
      },
      // As they were typed, for parameters whose type hint is text.
      parameterTexts: given,
    })
    go(`/runs/${run.id}`)
  }
  return (
    <FormSheet title="Run a function" deed="Run" onSubmit={start} onClose={onClose}>
      <h2>
        Run {shown.name} <span className="mono muted">{shown.hash.slice(0, 8)}</span>
      </h2>
      {entries.length > 1 && (
        <label>
          Handler
          <select className="field" value={handler} onChange={(event) => setHandler(event.target.value)}>
            {entries.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      {parameters.length === 0 && <p className="muted">It asks for no parameters.</p>}
      <ParameterFields
        parameters={parameters}
        texts={texts}
        onChange={(name, text) => setTexts((before) => ({ ...before, [name]: text }))}
      />
    </FormSheet>
  )
}

function askedOf(entry: EntryPoint | undefined, defaults: Readonly<Record<string, unknown>>): AskedParameter[] {
  return (entry?.parameters ?? [])
    .filter(({ name }) => name !== 'context' && name !== 'self')
    .map(({ name, type, doc, default: fallback }) => ({
      name,
      type,
      doc,
      value: undefined,
      placeholder:
        defaults[name] === undefined ? (fallback === undefined ? 'needed' : String(fallback)) : JSON.stringify(defaults[name]),
    }))
}
