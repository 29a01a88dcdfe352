import { inferValues } from '@trainyard/contract'
import type { EntryPoint } from '@trainyard/contract/function'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { useGo } from '../app/link.tsx'
import { Sheet } from '../app/sheet.tsx'
import type { FunctionVersion } from './function-version.ts'
import { type AskedParameter, ParameterFields } from './parameter-fields.tsx'
import { FormEnd, useAttempt } from '../ui/form-end.tsx'

/** A form made from the handler's parameters, their types and what the code says of them; what is left empty keeps its default. */
export function FunctionRunSheet({ shown, onClose }: { shown: FunctionVersion; onClose: () => void }) {
  const { spec } = shown
  const entries = Object.values(spec.entryPoints ?? {})
  const [handler, setHandler] = useState(spec.handler ?? entries[0]?.name ?? '')
  const [texts, setTexts] = useState<Record<string, string>>({})
  const go = useGo()
  const trial = useAttempt(onClose)
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
    <Sheet title="Run a function" onClose={onClose}>
      <form
        className="inside form"
        onSubmit={(event) => {
          event.preventDefault()
          trial.attempt(start)
        }}
      >
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
        <FormEnd trial={trial} onClose={onClose} deed="Run" />
      </form>
    </Sheet>
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
