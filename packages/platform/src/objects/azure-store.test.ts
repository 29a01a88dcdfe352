import { createAzureStore } from './azure-store.ts'
import { startFakeAzure } from './testing/fake-azure.ts'
import { objectStoreSuite } from './testing/object-store-suite.ts'

for (const prefix of ['', 'team a/données']) {
  let stop: () => Promise<void>
  objectStoreSuite(`azure${prefix && ', below a prefix'}`, {
    open: async () => {
      const fake = await startFakeAzure()
      stop = fake.stop
      return createAzureStore({
        container: 'test',
        prefix,
        environment: { AZURE_STORAGE_CONNECTION_STRING: fake.connectionString },
      })
    },
    close: () => stop(),
    keepsSha256: true,
  })
}
