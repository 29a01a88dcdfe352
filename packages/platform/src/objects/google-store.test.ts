import { EventEmitter } from 'node:events'
import { afterAll, beforeAll } from 'vitest'
import { createGoogleStore } from './google-store.ts'
import { startFakeGoogle } from './testing/fake-google.ts'
import { objectStoreSuite } from './testing/object-store-suite.ts'

// The vendor's HTTP client adds a dozen listeners to one stream for each upload and warns about itself, 120 lines a run.
const { defaultMaxListeners } = EventEmitter
beforeAll(() => {
  EventEmitter.defaultMaxListeners = 50
})
afterAll(() => {
  EventEmitter.defaultMaxListeners = defaultMaxListeners
})

for (const prefix of ['', 'team a/données']) {
  let stop: () => Promise<void>
  objectStoreSuite(`google${prefix && ', below a prefix'}`, {
    open: async () => {
      const fake = await startFakeGoogle()
      stop = fake.stop
      return createGoogleStore({ bucket: 'test', prefix, environment: { STORAGE_EMULATOR_HOST: fake.endpoint } })
    },
    close: () => stop(),
    keepsSha256: true,
  })
}
