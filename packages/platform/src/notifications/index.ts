/**
 * Notifications: who is told when a run ends, what they are told, and the telling.
 *
 * It stores them with the run, sees by itself that a run has ended, whoever ended it, and keeps every attempt. It does not decide what
 * a project's secrets are (it is handed them), and is not the webhooks of the registry (`webhooks/`); both send through `deliveries/`.
 *
 * Start with `notifications.ts` (the promises); then `message.ts` (what is told), `senders/` (one file per kind).
 */
export { createNotifications } from './create-notifications.ts'
export { deliverFor, type NotificationOptions, startNotifications } from './notification-runner.ts'
export type { NotificationDelivery, NotificationRecord, Notifications } from './notifications.ts'
export { parseNotification } from './parse-notification.ts'
export { checkReceivers, isForEveryServer } from './check-receivers.ts'
export { checkNotification } from './check-notification.ts'
