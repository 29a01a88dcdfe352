import type { NotificationSpec } from '@trainyard/contract'

/** Who is told of an end, as a form asks for it. */
export interface Receiver {
  kind: keyof typeof kinds | ''
  when: keyof typeof moments
  values: Readonly<Record<string, string>>
}

interface Param {
  name: string
  label: string
  /** An address that lets whoever has it write there: kept encrypted, never shown again once it is sent. */
  isSecret?: true
}

const kinds = {
  slack: { label: 'Slack', params: [{ name: 'webhook', label: 'Address of the webhook', isSecret: true }] },
  teams: { label: 'Microsoft Teams', params: [{ name: 'webhook', label: 'Address of the workflow', isSecret: true }] },
  mail: { label: 'Mail', params: [{ name: 'email_addresses', label: 'Addresses, with commas between' }] },
  webhook: { label: 'Webhook', params: [{ name: 'url', label: 'Address', isSecret: true }] },
  git: {
    label: 'GitHub issue',
    params: [
      { name: 'repo', label: 'Repository, as owner/name' },
      { name: 'issue', label: 'Number of the issue' },
    ],
  },
} as const satisfies Record<string, { label: string; params: readonly Param[] }>

const moments = { any: 'at any end', bad: 'when it fails or is stopped', good: 'when it completes' } as const
const whenOf = { bad: ['failed', 'aborted'], good: ['completed'] } as const

export const nobody: Receiver = { kind: '', when: 'any', values: {} }

/** As a task has it; what was left empty comes from the project's secrets. */
export function notificationsOf({ kind, when, values }: Receiver): { notifications?: NotificationSpec[] } {
  if (kind === '') return {}
  const given = (isSecret: boolean): Record<string, string> =>
    Object.fromEntries(
      kinds[kind].params
        .filter((param: Param) => (param.isSecret === true) === isSecret && (values[param.name] ?? '').trim() !== '')
        .map(({ name }) => [name, values[name]!.trim()]),
    )
  return {
    notifications: [
      { kind, ...(when === 'any' ? {} : { when: [...whenOf[when]] }), params: given(false), secretParams: given(true) },
    ],
  }
}

/** At which ends somebody is told. */
export const whenTold = ({ when, condition }: Pick<NotificationSpec, 'when' | 'condition'>): string =>
  [when?.join(', ') ?? 'any end', condition].filter(Boolean).join(', if ')

/** One receiver of the end of a run. */
export function ReceiverFields({
  receiver,
  onChange,
  isRequired = false,
}: {
  receiver: Receiver
  onChange(receiver: Receiver): void
  /** Somebody must be chosen. */
  isRequired?: boolean
}) {
  const { kind, when, values } = receiver
  return (
    <>
      <div className="field-pair">
        <label>
          Tell of its end
          <select
            className="field"
            required={isRequired}
            value={kind}
            onChange={(event) => onChange({ ...receiver, kind: event.target.value as Receiver['kind'] })}
          >
            <option value="">{isRequired ? 'choose how' : 'nobody'}</option>
            {Object.entries(kinds).map(([name, { label }]) => (
              <option key={name} value={name}>
                {label}
              </option>
            ))}
          </select>
        </label>
        {kind !== '' && (
          <label>
            When
            <select
              className="field"
              value={when}
              onChange={(event) => onChange({ ...receiver, when: event.target.value as Receiver['when'] })}
            >
              {Object.entries(moments).map(([name, label]) => (
                <option key={name} value={name}>
                  {label}
                </option>
              ))}
            </select>
          </label>
        )}
      </div>
      {kind !== '' &&
        kinds[kind].params.map((param: Param) => (
          <label key={param.name}>
            {param.label}
            <input
              className="field"
              autoComplete="off"
              spellCheck={false}
              placeholder={`empty: the project's secret ${secretOf(kind, param.name)}`}
              value={values[param.name] ?? ''}
              onChange={(event) => onChange({ ...receiver, values: { ...values, [param.name]: event.target.value } })}
            />
          </label>
        ))}
      {kind === 'mail' && (
        <p className="muted small-print">The mail server is the project&apos;s secret MAIL_SERVER_HOST (and what it asks for).</p>
      )}
      {kind === 'git' && <p className="muted small-print">The token is the project&apos;s secret GIT_TOKEN.</p>}
    </>
  )
}

const secretOf = (kind: string, param: string): string => `${kind}_${param}`.toUpperCase()
