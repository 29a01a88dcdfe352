/**
 * Webhooks: who is told when the registry changes, what waits to be told, and the telling.
 *
 * It reads the registry's history of changes from the database, where each says itself whether somebody was told of it; it stores
 * deliveries before it sends them. It sends to public addresses only, unless it is allowed more.
 *
 * Start with `webhooks.ts` (the promises); then `delivery-queue.ts` (how a change becomes deliveries), `delivery-runner.ts` (when they
 * are sent), `event-payloads.ts` (what they say), `send.ts` (how they are signed).
 */
export { createWebhooks } from './create-webhooks.ts'
export { startDeliveries } from './delivery-runner.ts'
export * from './webhooks.ts'
