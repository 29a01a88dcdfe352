import { memo } from 'react'

const width = 84
const height = 18

/** A metric's outline; where it was not a number it is broken, with a mark. */
export const Sparkline = memo(function Sparkline({ values, colour }: { values: readonly number[]; colour: string }) {
  const finite = values.filter((value) => Number.isFinite(value))
  if (finite.length < 2) return null
  const low = Math.min(...finite)
  const high = Math.max(...finite)
  const span = high - low || 1
  const placeOf = (index: number): string => ((index / (values.length - 1)) * (width - 4) + 2).toFixed(1)
  let path = ''
  let odd = ''
  let isDown = false
  for (const [index, value] of values.entries()) {
    if (!Number.isFinite(value)) {
      odd += `M${placeOf(index)} 2V${height - 2}`
      isDown = false
      continue
    }
    const x = placeOf(index)
    const y = (height - 2 - ((value - low) / span) * (height - 4)).toFixed(1)
    path += `${isDown ? 'L' : 'M'}${x} ${y}`
    isDown = true
  }
  return (
    <svg width={width} height={height} aria-hidden="true">
      <path d={path} fill="none" stroke={colour} strokeWidth="1.5" strokeLinejoin="round" />
      {odd !== '' && <path d={odd} stroke="var(--failed)" strokeWidth="2" />}
    </svg>
  )
})
