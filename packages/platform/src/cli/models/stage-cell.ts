import type { Style } from '../output/style.ts'
import type { StyledCell } from '../output/table.ts'

export const stageCell = ({ stage }: { stage: string }, style: Style): StyledCell => ({
  text: stage === 'None' ? '-' : stage,
  style: stage === 'Production' ? style.green : stage === 'Archived' || stage === 'None' ? style.dim : style.yellow,
})
