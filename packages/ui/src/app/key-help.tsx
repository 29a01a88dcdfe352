import { activeKeys } from './keys.ts'
import { Sheet } from './sheet.tsx'

const names: Record<string, string> = { 'mod+k': '⌘K / Ctrl K', ArrowDown: '↓', ArrowUp: '↑', ArrowRight: '→', ArrowLeft: '←' }

export function KeyHelp({ onClose }: { onClose: () => void }) {
  return (
    <Sheet title="Keys" onClose={onClose}>
      <div className="inside">
        {activeKeys()
          .toReversed()
          .map(({ title, keys }) => (
            <section key={title}>
              <h2>{title}</h2>
              <div className="keys">
                {keys.map(([key, label]) => (
                  <div key={key}>
                    <span>{label}</span>
                    <kbd>{names[key] ?? key}</kbd>
                  </div>
                ))}
              </div>
              <br />
            </section>
          ))}
        <p className="muted">Single keys never act while you type, and can be switched off in Settings.</p>
      </div>
    </Sheet>
  )
}
