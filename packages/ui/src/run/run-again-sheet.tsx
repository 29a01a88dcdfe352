import type { JsonValue } from '@trainyard/contract'
import { useState } from 'react'
import { post } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'
import { useGo } from '../app/link.tsx'
import { ParameterFields, valueOfText } from '../work/parameter-fields.tsx'
import { FormSheet } from '../ui/form-sheet.tsx'
import { terminalCommand } from '../format/command.ts'

/** The same task once more as a job of the server, with other parameters where somebody says so. */
export function RunAgainSheet({ run, onClose }: { run: RunRecord; onClose: () => void }) {
  const [texts, setTexts] = useState<Record<string, string>>({})
  const [name, setName] = useState(run.name)
  const go = useGo()
  const parameters = Object.entries(run.parameters).map(([key, value]) => ({ name: key, value }))
  const start = async (): Promise<void> => {
    const changed = Object.fromEntries(
      Object.entries(texts).map(([key, text]): [string, JsonValue] => [key, valueOfText(text, run.parameters[key])]),
    )
    const python = run.environment?.interpreter?.['executable']
    const { run: started } = await post<{ run: { id: string } }>('/jobs', {
      task: { ...run.task, name, project: run.project, parameters: { ...run.parameters, ...changed } },
      ...(run.code?.workingDirectory === undefined ? {} : { workingDirectory: run.code.workingDirectory }),
      ...(typeof python === 'string' && run.task?.requirements === undefined ? { python } : {}),
    })
    go(`/runs/${started.id}`)
  }
  return (
    <FormSheet title="Run again" deed="Run" onSubmit={start} onClose={onClose}>
      <h2>Run {run.name} again</h2>
      <p className="muted">
        On the server, with the code as it is there now in <code>{run.code?.workingDirectory}</code>. For the code as it was then:{' '}
        <code>{terminalCommand(`rerun ${run.id.slice(0, 12)}`)}</code>
      </p>
      <label>
        Name
        <input className="field" required value={name} onChange={(event) => setName(event.target.value)} />
      </label>
      <ParameterFields
        parameters={parameters}
        texts={texts}
        onChange={(key, text) => setTexts((before) => ({ ...before, [key]: text }))}
      />
    </FormSheet>
  )
}
