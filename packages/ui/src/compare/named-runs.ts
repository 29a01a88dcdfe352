import { useQueries } from '@tanstack/react-query'
import { useMemo } from 'react'
import { get } from '../api/client.ts'
import type { RunRecord } from '../api/types.ts'

const wholeId = /^[0-9a-f]{32}$/

/** Runs as the command line takes them, between commas: ids or their starts, names, `latest`, `<sweep>/<number>`. */
export function useNamedRuns(text: string): { ids: string[]; problems: Error[]; isLooking: boolean } {
  const references = useMemo(
    () => [
      ...new Set(
        text
          .split(',')
          .map((part) => part.trim())
          .filter((part) => part !== ''),
      ),
    ],
    [text],
  )
  const answers = useQueries({
    queries: references.map((reference) => ({
      queryKey: ['resolve', reference],
      queryFn: ({ signal }: { signal: AbortSignal }) => get<RunRecord>('/runs/resolve', { text: reference }, signal),
      enabled: !wholeId.test(reference),
      retry: false,
    })),
  })
  const ids = references.flatMap((reference, at) => (wholeId.test(reference) ? reference : (answers[at]?.data?.id ?? [])))
  return {
    ids: [...new Set(ids)],
    problems: answers.flatMap(({ error }) => error ?? []),
    isLooking: answers.some(({ isLoading }) => isLoading),
  }
}
