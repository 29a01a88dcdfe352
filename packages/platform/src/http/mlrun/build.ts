import { findFunction, toFunction } from './functions.ts'
import { functionKind } from '../../functions/index.ts'
import { documentIn } from './document-in.ts'
import { invalid } from './errors.ts'
import { objectAt, textOf } from './json.ts'
import { functionName } from './names.ts'
import { Answer, type Route, route } from './route.ts'
import { nameIn } from './stored-records.ts'

/**
 * Functions run as processes on the server's own machine, with what its Python has: there is no image to build, and what is asked for is
 * ready at once.
 */
export const buildRoutes: readonly Route[] = [
  route('POST', 'build/function', async (context, call) => {
    const body = documentIn(call, "an object with a 'function'")
    const written = objectAt(body, 'function')
    const metadata = objectAt(written, 'metadata')
    const name = functionName(nameIn(body, 'function', 'metadata', 'name'))
    const project = textOf(metadata['project']) ?? 'default'
    const status = { ...objectAt(written, 'status'), state: 'ready' }
    const saved = await context.definitions.save({
      project,
      kind: functionKind,
      name,
      body: { ...written, metadata: { ...metadata, name, project } },
      tags: [textOf(metadata['tag']) ?? 'latest'],
      versioned: false,
      status,
    })
    return { data: { ...toFunction(saved), status }, ready: true }
  }),
  route('GET', 'build/status', async (context, { query }) => {
    const [name, project, tag] = [query.text('name'), query.text('project'), query.text('tag')]
    if (name === undefined) throw invalid("The parameter 'name' is missing: name the function.")
    const { body } = await findFunction(context, { project: project ?? 'default', name, tag })
    const image = textOf(objectAt(body, 'spec')['image']) ?? ''
    return new Answer(200, '', {
      'content-type': 'text/plain; charset=utf-8',
      'x-mlrun-function-status': 'ready',
      function_status: 'ready',
      function_image: image,
      builder_pod: '',
      'x-mlrun-last-timestamp': '0.0',
      deploy_status_text_kind: 'logs',
    })
  }),
]
