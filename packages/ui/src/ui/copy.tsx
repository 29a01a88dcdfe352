import { useState } from 'react'

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [isDone, setDone] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text)
    setDone(true)
    setTimeout(() => setDone(false), 1_500)
  }
  return (
    <button type="button" className="button plain small" onClick={() => void copy()}>
      {isDone ? 'Copied' : label}
    </button>
  )
}

/** A command or text to take along. */
export function Snippet({ text, label }: { text: string; label?: string }) {
  return (
    <div className="snippet-box">
      {label && <div className="muted">{label}</div>}
      <div className="snippet-line">
        {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- Long lines are scrolled by keyboard too. */}
        <pre className="snippet" tabIndex={0}>
          {text}
        </pre>
        <CopyButton text={text} />
      </div>
    </div>
  )
}
