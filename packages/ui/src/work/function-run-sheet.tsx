import type { FunctionVersion } from '@trainyard/contract/native-api'
import { useState } from 'react'
import { post } from '../api/client.ts'
import { useGo } from '../app/link.tsx'
import { FormSheet } from '../ui/form-sheet.tsx'
import { FunctionFields, requestOf, useFunctionCall } from './function-fields.tsx'
import { nobody, notificationsOf, ReceiverFields } from './receiver-fields.tsx'

/** A form made from the handler's parameters, their types and what the code says of them; what is left empty keeps its default. */
export function FunctionRunSheet({ shown, onClose }: { shown: FunctionVersion; onClose: () => void }) {
  const [call, change] = useFunctionCall(shown.spec)
  const [receiver, setReceiver] = useState(nobody)
  const go = useGo()
  const start = async (): Promise<void> => {
    const { task, parameterTexts } = requestOf(call)
    const { run } = await post<{ run: { id: string } }>(`/functions/${encodeURIComponent(shown.name)}/runs`, {
      project: shown.project,
      hash: shown.hash,
      task: { ...task, ...notificationsOf(receiver) },
      parameterTexts,
    })
    go(`/runs/${run.id}`)
  }
  return (
    <FormSheet title="Run a function" deed="Run" onSubmit={start} onClose={onClose}>
      <h2>
        Run {shown.name} <span className="mono muted">{shown.hash.slice(0, 8)}</span>
      </h2>
      <FunctionFields spec={shown.spec} call={call} onChange={change} />
      <ReceiverFields receiver={receiver} onChange={setReceiver} />
    </FormSheet>
  )
}
