import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { pulseEveryMs, pulseQuery } from '../api/queries.ts'

/** Whether the server answers. When it is back, everything on screen is asked for again; what was typed stays. */
export function useConnection(): { awaySinceMs: number | null; retryInSeconds: number; retry: () => void } {
  const queries = useQueryClient()
  const { isError, failureCount, dataUpdatedAt, errorUpdatedAt, refetch } = useQuery(pulseQuery)
  const [wasAway, setWasAway] = useState(false)
  useEffect(() => {
    if (isError) return setWasAway(true)
    if (!wasAway) return
    setWasAway(false)
    void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'pulse' })
  }, [isError, wasAway, queries])
  const [nowMs, setNowMs] = useState(() => Date.now())
  useEffect(() => {
    if (!isError) return undefined
    const timer = setInterval(() => setNowMs(Date.now()), 500)
    return () => clearInterval(timer)
  }, [isError])
  void failureCount
  return {
    awaySinceMs: isError ? dataUpdatedAt || errorUpdatedAt : null,
    retryInSeconds: Math.max(0, Math.ceil((errorUpdatedAt + pulseEveryMs - nowMs) / 1000)),
    retry: () => void refetch(),
  }
}
