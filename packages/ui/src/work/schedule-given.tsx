import type { Schedule } from '@trainyard/contract/native-api'
import { A } from '../app/link.tsx'
import { formatValue } from '../format/number.ts'
import { whenTold } from './receiver-fields.tsx'
import { functionAddress, givenBy, whatOf } from './schedule-facts.ts'

/** The function, with the way to it, or the script. */
export function WhatItStarts({ schedule }: { schedule: Schedule }) {
  const address = functionAddress(schedule)
  const what = whatOf(schedule)
  return address === undefined ? what : <A href={address}>{what}</A>
}

/** What each run of a schedule gets, and who is told of its end. Addresses that let whoever has them write are told nobody. */
export function ScheduleGiven({ schedule }: { schedule: Schedule }) {
  const { parameters, inputs, receivers } = givenBy(schedule)
  const given = [...Object.entries(parameters), ...Object.entries(inputs)]
  return (
    <dl className="pairs schedule-given">
      <dt>Starts</dt>
      <dd>
        <WhatItStarts schedule={schedule} />
      </dd>
      {given.length === 0 && [<dt key="none">Parameters</dt>, <dd key="defaults">as the code has them</dd>]}
      {given.map(([name, value]) => [
        <dt key={name}>
          <code>{name}</code>
        </dt>,
        <dd key={`${name} value`}>{formatValue(value)}</dd>,
      ])}
      <dt>Tells of its end</dt>
      <dd>
        {receivers.length === 0
          ? 'nobody'
          : receivers
              .map((receiver) =>
                [receiver.name ?? receiver.kind, ...Object.values(receiver.params ?? {}), whenTold(receiver)].join(' · '),
              )
              .join('; ')}
      </dd>
    </dl>
  )
}
