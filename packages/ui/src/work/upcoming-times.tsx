import { timeZoneName } from '../format/time.ts'
import { upcomingTexts } from './schedule-facts.ts'

/** The next times by the clock of the schedule, and by the reader's where that shows others. */
export function UpcomingTimes({ upcomingMs, timeZone }: { upcomingMs: readonly number[]; timeZone: string }) {
  const { there, here } = upcomingTexts(upcomingMs, timeZone, timeZoneName())
  return (
    <>
      Next: {there}
      {here !== undefined && (
        <>
          <br />
          Here: {here}
        </>
      )}
    </>
  )
}
