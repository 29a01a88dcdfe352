import type { LineChange } from '@trainyard/contract'

/** What two texts do not have in common, with the lines around. */
export function LineChanges({ changes }: { changes: readonly LineChange[] }) {
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- Scrolled by keyboard.
    <pre className="snippet code" tabIndex={0}>
      {changes.map(({ kind, text, line }, at) => (
        <span key={at} className={kind === '+' ? 'line added' : kind === '-' ? 'line removed' : 'line'}>
          <span className="line-number">{line}</span>
          {kind} {text}
          {'\n'}
        </span>
      ))}
    </pre>
  )
}
