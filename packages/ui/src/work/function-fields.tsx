import { inferValues, type Task } from '@trainyard/contract'
import type { EntryParameter, FunctionSpec } from '@trainyard/contract/function'
import { useState } from 'react'
import { type AskedParameter, ParameterFields } from './parameter-fields.tsx'

/** What a form says of one call of a function: the handler, and the parameters somebody typed. */
export interface FunctionCall {
  handler: string
  texts: Readonly<Record<string, string>>
}

export function useFunctionCall(spec: FunctionSpec | undefined): [FunctionCall, (change: Partial<FunctionCall>) => void] {
  const [call, setCall] = useState<Partial<FunctionCall>>({})
  const { handler = spec && usualHandler(spec), texts = {} } = call
  return [{ handler: handler ?? '', texts }, (change) => setCall((before) => ({ ...before, ...change }))]
}

const usualHandler = ({ handler, entryPoints = {} }: FunctionSpec): string | undefined =>
  handler ?? Object.values(entryPoints)[0]?.name

/** As the server is asked; what was left empty keeps its default. */
export function requestOf({ handler, texts }: FunctionCall): { task: Task; parameterTexts: Record<string, string> } {
  const given = Object.fromEntries(Object.entries(texts).filter(([, text]) => text !== ''))
  return {
    task: { ...(handler === '' ? {} : { handler }), parameters: inferValues(given) },
    // As they were typed, for parameters whose type hint is text.
    parameterTexts: given,
  }
}

/** The handler's parameters, with their types and what the code says of them. */
export function FunctionFields({
  spec,
  call,
  onChange,
}: {
  spec: FunctionSpec
  call: FunctionCall
  onChange(change: Partial<FunctionCall>): void
}) {
  const entries = Object.values(spec.entryPoints ?? {})
  const parameters = askedOf(spec, call.handler)
  return (
    <>
      {entries.length > 1 && (
        <label>
          Handler
          <select className="field" value={call.handler} onChange={(event) => onChange({ handler: event.target.value })}>
            {entries.map(({ name }) => (
              <option key={name}>{name}</option>
            ))}
          </select>
        </label>
      )}
      {parameters.length === 0 && <p className="muted">It asks for no parameters.</p>}
      <ParameterFields
        parameters={parameters}
        texts={call.texts}
        onChange={(name, text) => onChange({ texts: { ...call.texts, [name]: text } })}
      />
    </>
  )
}

/** What a handler takes of whoever calls it: not the context, which is given to it. */
export function parametersOf({ entryPoints = {} }: FunctionSpec, handler: string): EntryParameter[] {
  const entry = Object.values(entryPoints).find(({ name }) => name === handler)
  return (entry?.parameters ?? []).filter(({ name }) => name !== 'context' && name !== 'self')
}

/** What holds where nothing is given, as a person reads it; undefined where something must be. */
export function defaultText({ parameters = {} }: FunctionSpec, { name, default: fallback }: EntryParameter) {
  if (parameters[name] !== undefined) return JSON.stringify(parameters[name])
  return fallback === undefined ? undefined : String(fallback)
}

const askedOf = (spec: FunctionSpec, handler: string): AskedParameter[] =>
  parametersOf(spec, handler).map((parameter) => {
    const fallback = defaultText(spec, parameter)
    return {
      name: parameter.name,
      type: parameter.type,
      doc: parameter.doc,
      value: undefined,
      placeholder: fallback === undefined ? 'needed' : `default: ${fallback}`,
    }
  })
