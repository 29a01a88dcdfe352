/**
 * Durable telling: messages that wait in a table are sent, again with growing pauses while the receiver is away, by however many
 * processes at once, each message by one of them at a time.
 *
 * It knows the table's columns and when to try again; what is told to whom, and how it is sent, is its users' (`webhooks/`,
 * `notifications/`). Start with `delivery-runner.ts`.
 */
export {
  deliverOnce,
  type DeliveryQueue,
  type DeliveryRunner,
  type Outcome,
  type RunnerOptions,
  startDeliveryRunner,
} from './delivery-runner.ts'
export { judge } from './judge.ts'
