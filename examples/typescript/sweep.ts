import { newTask, handlerOf, logUniform, runLocal } from '@trainyard/sdk'

/** A random search over the training beside this file, started from TypeScript: `node sweep.ts`. */
const task = newTask({ name: 'iris-search', ...handlerOf({ url: new URL('training.ts', import.meta.url).href }, 'train') })
  .withParameters({ epochs: 100 })
  .withHyperParameters({ learningRate: logUniform(0.01, 1), l2: [0, 0.001, 0.01] }, 'max.accuracy', { maxIterations: 8, seed: 1 })

const run = await runLocal(task)
console.log(run.state, run.outputs)
