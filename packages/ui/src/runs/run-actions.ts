import { useQueryClient } from '@tanstack/react-query'
import { useCallback } from 'react'
import { post } from '../api/client.ts'

/** What can be done to several runs at once; afterwards all that is on screen is asked for again. */
export function useRunActions() {
  const queries = useQueryClient()
  const renew = useCallback(() => queries.invalidateQueries(), [queries])
  return {
    label: async (runs: readonly string[], labels: Record<string, string | null>) => {
      await post('/runs/label', { runs, labels })
      await renew()
    },
    abort: async (runs: readonly string[], reason: string) => {
      await post('/runs/abort', { runs, ...(reason === '' ? {} : { reason }) })
      await renew()
    },
    trash: async (runs: readonly string[]) => {
      await post('/runs/trash', { runs })
      await renew()
    },
    restore: async (runs: readonly string[]) => {
      await post('/runs/restore', { runs })
      await renew()
    },
  }
}
