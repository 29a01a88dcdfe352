import { useQuery, useQueryClient } from '@tanstack/react-query'
import { isEnded, type NotificationSpec } from '@trainyard/contract'
import { useState } from 'react'
import { get, put } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'
import { Refusal } from '../app/error-page.tsx'
import { formatMoment } from '../format/time.ts'
import { FormSheet } from '../ui/form-sheet.tsx'
import { type Column, ScrollBox, Table } from '../ui/table.tsx'
import { nobody, notificationsOf, ReceiverFields, whenTold } from '../work/receiver-fields.tsx'

interface KeptReceiver extends Pick<NotificationSpec, 'kind' | 'when' | 'condition' | 'message' | 'severity' | 'params'> {
  name: string
  hasSecrets: boolean
  status: 'pending' | 'sent' | 'error' | 'skipped'
  sentAtMs: number | null
  reason: string | null
}

/** Who is told of the run's end, what came of it, and, until then, a form to tell somebody else too. */
export function ReceiversCard({ run }: { run: RunRecord }) {
  const [isAsking, setAsking] = useState(false)
  const { data, error } = useQuery({
    queryKey: ['receivers', run.id, run.state],
    queryFn: async ({ signal }) =>
      (await get<{ notifications: KeptReceiver[] }>(`/runs/${run.id}/notifications`, {}, signal)).notifications,
    retry: false,
  })
  const canAdd = !isEnded(run.state)
  if (!error && (!data || (data.length === 0 && !canAdd))) return null
  return (
    <section className="card">
      <header>
        <h2>Who is told</h2>
        {canAdd && data && (
          <div className="actions facts">
            <button type="button" className="button small" onClick={() => setAsking(true)}>
              Tell somebody
            </button>
          </div>
        )}
      </header>
      {error && <Refusal error={error} />}
      {data?.length === 0 && <p className="body muted">Nobody is told when this run ends.</p>}
      {data && data.length > 0 && (
        <ScrollBox label="Receivers" className="body">
          <Table columns={columns} rows={data} />
        </ScrollBox>
      )}
      {isAsking && data && <ReceiverSheet run={run} kept={data} onClose={() => setAsking(false)} />}
    </section>
  )
}

const givenOf = ({ kind, name, when, condition, message, severity, params }: KeptReceiver) => ({
  kind,
  name,
  when,
  condition,
  message,
  severity,
  params,
})

const words = { pending: 'waits for the end', sent: 'told', error: 'could not be told', skipped: 'not meant' } as const

const columns: readonly Column<KeptReceiver>[] = [
  { title: 'Receiver', className: 'strong', cell: ({ name, kind }) => (name === kind ? kind : `${name} (${kind})`) },
  { title: 'When', cell: whenTold },
  {
    title: 'State',
    cellProps: ({ status }) => ({ className: status === 'error' ? 'failed-text' : undefined }),
    cell: ({ status, reason }) => `${words[status]}${reason === null ? '' : `: ${reason}`}`,
  },
  { title: 'At', className: 'num', cell: ({ sentAtMs }) => (sentAtMs === null ? '–' : formatMoment(sentAtMs)) },
]

function ReceiverSheet({ run, kept, onClose }: { run: RunRecord; kept: readonly KeptReceiver[]; onClose: () => void }) {
  const [receiver, setReceiver] = useState(nobody)
  const queries = useQueryClient()
  // The server takes the list as a whole, and gives nobody the secrets that some of it has.
  const [lost, staying] = [kept.filter(({ hasSecrets }) => hasSecrets), kept.filter(({ hasSecrets }) => !hasSecrets)]
  const tell = async (): Promise<void> => {
    const { notifications = [] } = notificationsOf(receiver)
    await put(`/runs/${run.id}/notifications`, { notifications: [...staying.map(givenOf), ...notifications] })
    await queries.invalidateQueries({ queryKey: ['receivers', run.id] })
  }
  return (
    <FormSheet title="Tell somebody" deed="Tell" onSubmit={tell} onClose={onClose}>
      <h2>Tell somebody when {run.name} ends</h2>
      <ReceiverFields receiver={receiver} onChange={setReceiver} isRequired />
      {lost.length > 0 && (
        <p className="note">
          Takes the place of {lost.map(({ name }) => name).join(', ')}:{' '}
          {lost.length === 1 ? 'its address is' : 'their addresses are'} kept secret, so give {lost.length === 1 ? 'it' : 'them'}{' '}
          again from the command line, or keep addresses as secrets of the project.
        </p>
      )}
    </FormSheet>
  )
}
