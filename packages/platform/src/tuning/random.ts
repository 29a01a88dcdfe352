/**
 * Random numbers that anyone can repeat: sfc32 (Chris Doty-Humphrey's small fast counter, 128 bits of state), its state filled by
 * splitmix32 from the seed and a stream number. A sampler uses the iteration's number as the stream, so that iteration 17 draws the
 * same numbers whether or not the sixteen before it were drawn in this process.
 */
export interface Random {
  /** Uniform in [0, 1), 53 bits. */
  next(): number
  /** Uniform whole number in [0, count). */
  index(count: number): number
  /** Standard normal. */
  normal(): number
}

export const createRandom = (seed: number, stream = 0): Random => {
  const fill = splitmix32(mixParts([seed, stream]))
  let [a, b, c, counter] = [fill(), fill(), fill(), 1]
  const next32 = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  for (let round = 0; round < 15; round++) next32()
  const next = () => ((next32() >>> 5) * 2 ** 26 + (next32() >>> 6)) / 2 ** 53
  return {
    next,
    index: (count) => Math.min(count - 1, Math.floor(next() * count)),
    // Box and Muller; the second normal is thrown away so that a draw never depends on an earlier one.
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  }
}

/** A seed for a sweep that was given none; it is recorded. */
export const newSeed = (): number => crypto.getRandomValues(new Uint32Array(1))[0]!

const splitmix32 = (start: number) => {
  let state = start | 0
  return (): number => {
    state = (state + 0x9e3779b9) | 0
    let mixed = state ^ (state >>> 16)
    mixed = Math.imul(mixed, 0x21f0aaad)
    mixed ^= mixed >>> 15
    mixed = Math.imul(mixed, 0x735a2d97)
    return (mixed ^ (mixed >>> 15)) | 0
  }
}

/** Both halves of every number go in, so that seeds above 2^32 differ. */
const mixParts = (numbers: readonly number[]): number => {
  let state = 0
  for (const number of numbers) {
    for (const half of [number | 0, Math.floor(number / 2 ** 32) | 0]) state = splitmix32(state ^ half)()
  }
  return state
}
