/** A part of an artifact's bytes. What lies behind the end is left out; a part that begins there is empty. */
export async function readBytes(address: string, from: number, to: number, signal?: AbortSignal): Promise<ArrayBuffer> {
  const response = await fetch(address, { headers: { range: `bytes=${from}-${to - 1}` }, ...(signal ? { signal } : {}) })
  if (response.status === 416) return new ArrayBuffer(0)
  if (!response.ok) throw new Error(`The file cannot be read: ${(await response.text()).slice(0, 200)}`)
  return await response.arrayBuffer()
}
