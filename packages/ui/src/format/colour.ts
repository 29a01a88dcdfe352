/** The eight run colours are variables of the theme; which one a run has follows from its id alone: the same everywhere, for ever. */
export const runColourCount = 8

function hashOf(text: string): number {
  let hash = 2_166_136_261
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 16_777_619) >>> 0
  return hash
}

export const colourSlot = (runId: string): number => hashOf(runId) % runColourCount
export const slotColour = (slot: number): string => `var(--run-${slot % runColourCount})`
export const runColour = (runId: string): string => slotColour(colourSlot(runId))

/** Of runs that stand side by side, each gets its own colour while there are any: a clash moves the later one. */
export function distinctSlots(runIds: readonly string[]): Map<string, number> {
  const taken = new Set<number>()
  const slots = new Map<string, number>()
  for (const id of runIds) {
    let slot = colourSlot(id)
    for (let tried = 0; tried < runColourCount && taken.has(slot); tried++) slot = (slot + 1) % runColourCount
    taken.add(slot)
    slots.set(id, slot)
  }
  return slots
}

/** Canvas knows no variables. */
export const resolveColour = (name: string): string => {
  const variable = /^var\((--[\w-]+)\)$/.exec(name)?.[1]
  return variable === undefined ? name : getComputedStyle(document.documentElement).getPropertyValue(variable).trim()
}
