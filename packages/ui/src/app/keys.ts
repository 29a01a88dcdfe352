import { useEffect, useRef } from 'react'

/** What a key does; `label` is what the map of keys says. */
export interface KeyAction {
  label: string
  run(event: KeyboardEvent): void
  /** Whether there is anything for it to do: else it is not in the map of keys, and what lies below may have the key. */
  isOn?(): boolean
}

/** What opens the search, as the keyboard at hand names it. */
export const searchKeys = navigator.userAgent.includes('Mac') ? '⌘K' : 'Ctrl K'

/** By the key as written: `j`, `Enter`, `g r` for one after the other, `mod+k` for ⌘ or Ctrl. */
export type KeyMap = Readonly<Record<string, KeyAction>>

interface Layer {
  title: string
  keys: KeyMap
}

const layers: { current: Layer }[] = []
const sequenceMs = 1_200
let pending = ''
let pendingAt = 0

export const singleKeysAreOn = (): boolean => localStorage.getItem('trainyard.keys') !== 'off'
export const setSingleKeys = (on: boolean): void => localStorage.setItem('trainyard.keys', on ? 'on' : 'off')

/** While the calling part is on screen. What came later wins, but for those that are under all others. */
export function useKeys(title: string, keys: KeyMap, { isUnderAll = false }: { isUnderAll?: boolean } = {}): void {
  const layer = useRef<Layer>({ title, keys })
  layer.current = { title, keys }
  useEffect(() => {
    if (isUnderAll) layers.unshift(layer)
    else layers.push(layer)
    return () => {
      layers.splice(layers.indexOf(layer), 1)
    }
  }, [isUnderAll])
}

const isOn = (action: KeyAction | undefined): action is KeyAction => action !== undefined && action.isOn?.() !== false

/** What each key does right now, the innermost part of the page first. */
export function activeKeys(): { title: string; keys: [key: string, label: string][] }[] {
  const taken = new Set<string>()
  return layers
    .toReversed()
    .map(({ current: { title, keys } }) => {
      const own = Object.entries(keys).filter(([key, action]) => isOn(action) && !taken.has(key))
      for (const [key] of own) taken.add(key)
      return { title, keys: own.map(([key, { label }]): [string, string] => [key, label]) }
    })
    .filter(({ keys }) => keys.length > 0)
}

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName))

function nameOf(event: KeyboardEvent): string {
  const key = event.key === ' ' ? 'Space' : event.key
  return event.metaKey || event.ctrlKey ? `mod+${key.toLowerCase()}` : key
}

function find(name: string): KeyAction | undefined {
  for (let at = layers.length - 1; at >= 0; at--) {
    const found = layers[at]!.current.keys[name]
    if (isOn(found)) return found
  }
  return undefined
}

function handle(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.altKey) return
  const name = nameOf(event)
  const withModifier = name.startsWith('mod+')
  if (!withModifier && (isTyping(event.target) || document.querySelector('dialog[open]'))) return
  if (!withModifier && name.length === 1 && !singleKeysAreOn()) return
  // Enter and Space press what is focused.
  if ((name === 'Enter' || name === 'Space') && event.target instanceof Element && event.target.closest('a,button,summary'))
    return
  const sequence = pending !== '' && event.timeStamp - pendingAt < sequenceMs ? `${pending} ${name}` : name
  const action = find(sequence) ?? find(name)
  pending = layers.some(({ current }) => Object.keys(current.keys).some((key) => key.startsWith(`${name} `))) ? name : ''
  pendingAt = event.timeStamp
  if (!action) return
  pending = ''
  event.preventDefault()
  action.run(event)
}
addEventListener('keydown', handle)
