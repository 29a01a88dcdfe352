import { useState } from 'react'
import { activeKeys } from './keys.ts'
import { Sheet } from './sheet.tsx'

const names: Record<string, string> = { 'mod+k': '⌘K / Ctrl K', ArrowDown: '↓', ArrowUp: '↑', ArrowRight: '→', ArrowLeft: '←' }

export function KeyHelp({ onClose }: { onClose: () => void }) {
  // As they were when it was opened: the dialog takes the focus from the row that some of them need.
  const [groups] = useState(activeKeys)
  return (
    <Sheet title="Keys" onClose={onClose}>
      <div className="inside">
        {groups.map(({ title, keys }) => (
          <section key={title}>
            <h2>{title}</h2>
            <div className="keys">
              {Array.from(
                Map.groupBy(keys, ([, label]) => label),
                ([label, same]) => (
                  <div key={label}>
                    <span>{label}</span>
                    <span>
                      {same.map(([key]) => (
                        <kbd key={key}>{names[key] ?? key}</kbd>
                      ))}
                    </span>
                  </div>
                ),
              )}
            </div>
            <br />
          </section>
        ))}
        <p className="muted">Single keys never act while you type, and can be switched off in Settings.</p>
      </div>
    </Sheet>
  )
}
