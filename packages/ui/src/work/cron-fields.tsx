import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { post } from '../api/client.ts'
import { timeZoneName } from '../format/time.ts'
import { UpcomingTimes } from './upcoming-times.tsx'

export interface CronTimes {
  expression: string
  timeZone: string
}

/** Every night, in the zone that the pages are shown in. */
export const usualCron = (): CronTimes => ({ expression: '0 3 * * *', timeZone: timeZoneName() })

const examples = [
  ['0 3 * * *', 'every night at 3'],
  ['0 * * * *', 'every hour'],
  ['*/15 * * * *', 'every quarter of an hour'],
  ['0 8 * * 1-5', 'on weekdays at 8'],
  ['0 6 1 * *', 'on the first of each month'],
] as const

const shownTimes = 3
const typingMs = 200

/** When, as cron; the server says what comes of it, or what is wrong, while one types. */
export function CronFields({ times, onChange }: { times: CronTimes; onChange(times: CronTimes): void }) {
  const { expression, timeZone } = times
  return (
    <>
      <div className="field-pair">
        <label>
          Cron
          <input
            className="field mono"
            required
            spellCheck={false}
            autoComplete="off"
            list="cron-examples"
            aria-describedby="cron-sentence"
            value={expression}
            onChange={(event) => onChange({ ...times, expression: event.target.value })}
          />
          <datalist id="cron-examples">
            {examples.map(([text, meaning]) => (
              <option key={text} value={text}>
                {meaning}
              </option>
            ))}
          </datalist>
        </label>
        <label>
          Time zone
          <select className="field" value={timeZone} onChange={(event) => onChange({ ...times, timeZone: event.target.value })}>
            {[...new Set([timeZone, 'UTC', ...Intl.supportedValuesOf('timeZone')])].map((zone) => (
              <option key={zone}>{zone}</option>
            ))}
          </select>
        </label>
      </div>
      <CronSentence times={times} />
    </>
  )
}

function CronSentence({ times }: { times: CronTimes }) {
  const { expression, timeZone } = useSettled(times)
  const { data: foretold, error } = useQuery({
    queryKey: ['cron', expression, timeZone],
    queryFn: async ({ signal }) => {
      const timing = { kind: 'cron', expression: expression.trim(), timeZone }
      const { upcomingMs } = await post<{ upcomingMs: number[] }>('/schedules/times', { timing, count: shownTimes }, signal)
      // The zone stays with its times while those of the next one are asked for.
      return { upcomingMs, timeZone }
    },
    enabled: expression.trim() !== '',
    placeholderData: keepPreviousData,
    retry: false,
  })
  return (
    <p id="cron-sentence" role="status" className={error ? 'failed-text small-print' : 'muted small-print'}>
      {expression.trim() === '' ? (
        'Minute, hour, day, month, weekday.'
      ) : error ? (
        error.message
      ) : foretold ? (
        <UpcomingTimes {...foretold} />
      ) : (
        ' '
      )}
    </p>
  )
}

/** What was typed, once nobody types. */
function useSettled<Value>(value: Value): Value {
  const [settled, setSettled] = useState(value)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), typingMs)
    return () => clearTimeout(timer)
  }, [value])
  return settled
}
