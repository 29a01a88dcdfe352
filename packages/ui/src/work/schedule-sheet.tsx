import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { FunctionVersion } from '@trainyard/contract/native-api'
import { type ReactNode, useState } from 'react'
import { get, put } from '../api/client.ts'
import { Refusal } from '../app/error-page.tsx'
import { useGo } from '../app/link.tsx'
import { inProject } from '../app/project.ts'
import { newFunctionCommand } from '../format/command.ts'
import { Snippet } from '../ui/copy.tsx'
import { FormSheet } from '../ui/form-sheet.tsx'
import { CronFields, usualCron } from './cron-fields.tsx'
import { FunctionFields, requestOf, useFunctionCall } from './function-fields.tsx'
import { nobody, notificationsOf, ReceiverFields } from './receiver-fields.tsx'

/** A schedule of one function: when, with which parameters, and who is told. */
export function FunctionScheduleSheet({ shown, onClose }: { shown: FunctionVersion; onClose: () => void }) {
  return <ScheduleSheet of={[shown]} onClose={onClose} />
}

/** A schedule of a function that is chosen first, among those of the project, or of all. */
export function NewScheduleSheet({ project, onClose }: { project: string | undefined; onClose: () => void }) {
  const { data: functions, error } = useQuery({
    queryKey: ['functions', project, ''],
    queryFn: async ({ signal }) =>
      (await get<{ functions: FunctionVersion[] }>('/functions', { project, limit: 500 }, signal)).functions,
    retry: false,
  })
  if (functions && functions.length > 0) return <ScheduleSheet of={functions} onClose={onClose} />
  return (
    <FormSheet title="New schedule" deed="Add" canSubmit={false} onSubmit={async () => {}} onClose={onClose}>
      <h2>New schedule</h2>
      {error && <Refusal error={error} />}
      {functions && (
        <>
          <p>A schedule starts a function, whose code the server has. There is none yet; make one:</p>
          <Snippet text={newFunctionCommand(project)} />
        </>
      )}
      <div className="buttons">
        <button type="button" className="button" onClick={onClose}>
          Close
        </button>
      </div>
    </FormSheet>
  )
}

const keyOf = ({ project, name }: FunctionVersion): string => `${project}/${name}`

function ScheduleSheet({ of: functions, onClose }: { of: readonly FunctionVersion[]; onClose: () => void }) {
  const [key, setKey] = useState(keyOf(functions[0]!))
  const chosen = functions.find((each) => keyOf(each) === key) ?? functions[0]!
  const choice = functions.length > 1 && (
    <label>
      Function
      <select className="field" value={key} onChange={(event) => setKey(event.target.value)}>
        {functions.map((each) => (
          <option key={keyOf(each)} value={keyOf(each)}>
            {each.name} · {each.project}
          </option>
        ))}
      </select>
    </label>
  )
  return <Asked key={key} shown={chosen} choice={choice} onClose={onClose} />
}

function Asked({ shown, choice, onClose }: { shown: FunctionVersion; choice: ReactNode; onClose: () => void }) {
  const { project, name: functionName, hash, tags } = shown
  const [name, setName] = useState(functionName)
  const [version, setVersion] = useState(tags[0] === undefined ? `@${hash}` : `:${tags[0]}`)
  const [times, setTimes] = useState(usualCron)
  const [call, change] = useFunctionCall(shown.spec)
  const [receiver, setReceiver] = useState(nobody)
  const queries = useQueryClient()
  const go = useGo()
  const add = async (): Promise<void> => {
    const { task, parameterTexts } = requestOf(call)
    await put(`/schedules/${encodeURIComponent(project)}/${encodeURIComponent(name.trim())}`, {
      function: `db://${project}/${functionName}${version}`,
      // Its runs are called as it is, like those that the command line makes.
      task: { ...task, name: name.trim(), ...notificationsOf(receiver) },
      parameterTexts,
      timing: { kind: 'cron', expression: times.expression.trim(), timeZone: times.timeZone },
    })
    await queries.invalidateQueries({ queryKey: ['schedules'] })
  }
  const show = (): void => {
    onClose()
    go(inProject(project, `/schedules?schedule=${encodeURIComponent(`${project}/${name.trim()}`)}`))
  }
  return (
    <FormSheet title="New schedule" deed="Add" onSubmit={add} onDone={show} onClose={onClose}>
      <h2>{choice ? 'New schedule' : `Schedule ${functionName}`}</h2>
      {choice}
      <div className="field-pair">
        <label>
          Name
          <input className="field" required value={name} onChange={(event) => setName(event.target.value)} />
        </label>
        <label>
          Version
          <select className="field" value={version} onChange={(event) => setVersion(event.target.value)}>
            {tags.map((tag) => (
              <option key={tag} value={`:${tag}`}>
                {tag}: what it is by then
              </option>
            ))}
            {shown.isVersioned && <option value={`@${hash}`}>exactly {hash.slice(0, 8)}</option>}
          </select>
        </label>
      </div>
      <CronFields times={times} onChange={setTimes} />
      <FunctionFields spec={shown.spec} call={call} onChange={change} />
      <ReceiverFields receiver={receiver} onChange={setReceiver} />
    </FormSheet>
  )
}
