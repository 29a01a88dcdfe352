import { endOfText } from '@trainyard/contract'

/** Deeper than any record of ours, and far from what would overflow a stack. */
export const deepestBody = 64

/** Whether a JSON text nests more levels than that. A scan of the text costs a tenth of parsing it. */
export function isDeeperThan(text: string, levels: number): boolean {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === 0x22) at = endOfText(text, at) - 1
    else if (code === 0x5b || code === 0x7b) {
      if (++depth > levels) return true
    } else if (code === 0x5d || code === 0x7d) depth--
  }
  return false
}
