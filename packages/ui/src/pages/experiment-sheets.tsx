import type { Experiment } from '@trainyard/contract/native-api'
import { useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { patch, post } from '../api/client.ts'
import { formatCount } from '../format/number.ts'
import { FormSheet } from '../ui/form-sheet.tsx'

/** Where MLflow's clients keep the description too. */
export const noteTag = 'mlflow.note.content'

const useRenewed = (onClose: () => void): (() => void) => {
  const queries = useQueryClient()
  return () => {
    void queries.invalidateQueries()
    onClose()
  }
}

/** Another name or description. */
export function ChangeExperimentSheet({ experiment, onClose }: { experiment: Experiment; onClose: () => void }) {
  const [name, setName] = useState(experiment.name)
  const [note, setNote] = useState(experiment.tags[noteTag] ?? '')
  const change = (): Promise<unknown> =>
    patch(`/experiments/${experiment.id}`, {
      ...(name.trim() === experiment.name ? {} : { name: name.trim() }),
      ...(note === (experiment.tags[noteTag] ?? '') ? {} : { tags: { [noteTag]: note === '' ? null : note } }),
    })
  return (
    <FormSheet title="Change the experiment" deed="Save" onSubmit={change} onDone={useRenewed(onClose)} onClose={onClose}>
      <h2>Change {experiment.name}</h2>
      <label>
        Name
        <input className="field" required value={name} onChange={(event) => setName(event.target.value)} />
      </label>
      <label>
        Description
        <textarea className="field" rows={4} value={note} onChange={(event) => setNote(event.target.value)} />
      </label>
    </FormSheet>
  )
}

/** Says what goes with it before it goes. */
export function TrashExperimentSheet({
  experiment,
  runCount,
  running,
  onClose,
}: {
  experiment: Experiment
  runCount: number
  running: number
  onClose: () => void
}) {
  return (
    <FormSheet
      title="Trash the experiment"
      deed="Put into the trash"
      danger
      onSubmit={() => post(`/experiments/${experiment.id}/trash`, {})}
      onDone={useRenewed(onClose)}
      onClose={onClose}
    >
      <h2>Put {experiment.name} into the trash?</h2>
      <p>
        {runCount === 0
          ? 'It has no runs.'
          : `${formatCount(runCount)} ${runCount === 1 ? 'run goes' : 'runs go'} with it, and ${runCount === 1 ? 'comes' : 'come'} back with it.`}{' '}
        Nothing is lost until the trash is emptied.
      </p>
      {running > 0 && (
        <p className="note">
          {formatCount(running)} {running === 1 ? 'of them has' : 'of them have'} not ended.
        </p>
      )}
    </FormSheet>
  )
}
