/** Run ids are 32 lowercase hex digits: a version 7 UUID (RFC 9562) without dashes, so they sort by creation time. */
export const runIdPattern = /^[0-9a-f]{32}$/

export const newRunId = (nowMs: number, random: Uint8Array = crypto.getRandomValues(new Uint8Array(10))): string => {
  const time = Math.floor(nowMs).toString(16).padStart(12, '0')
  const tail = Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')
  const variant = ((Number.parseInt(tail[3]!, 16) & 0x3) | 0x8).toString(16)
  return `${time}7${tail.slice(0, 3)}${variant}${tail.slice(4, 19)}`
}
