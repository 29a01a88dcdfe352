import type { SecretBox } from '../base/secret-box.ts'
import { type DeliveryRunner, judge, type RunnerOptions, startDeliveryRunner } from '../deliveries/index.ts'
import { dueDeliveries, enqueue, hasUntold } from './delivery-queue.ts'
import { send } from './send.ts'

export interface DeliveryOptions extends RunnerOptions {
  secrets: SecretBox
  allowPrivate: boolean
}

/** Tells webhooks of what happens in the registry, as long as it lives. */
export function startDeliveries(options: DeliveryOptions): DeliveryRunner {
  const { secrets, allowPrivate, clock } = options
  return startDeliveryRunner(
    {
      table: 'webhook_deliveries',
      hasNews: hasUntold,
      enqueue,
      due: dueDeliveries,
      attempt: async (delivery) => {
        const secret = delivery.secret === null ? null : secrets.open(delivery.secret)
        return judge(await send({ ...delivery, deliveryId: delivery.id, secret, atMs: clock.nowMs(), allowPrivate }))
      },
    },
    options,
  )
}
