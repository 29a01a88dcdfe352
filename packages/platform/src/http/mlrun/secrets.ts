import { isJsonObject, type JsonValue } from '@trainyard/contract'
import { invalid, MlrunError } from './errors.ts'
import { textOf } from './json.ts'
import { checkProjectName } from './names.ts'
import { Answer, type MlrunContext, noContent, type Route, route } from './route.ts'

/** Whatever the provider is called, there is one place for secrets. */
const provider = 'kubernetes'

export const secretRoutes: readonly Route[] = [
  route('POST', 'projects/:project/secrets', async (context, call) => {
    await setSecrets(context, call.params['project']!, call.body())
    return new Answer(201, '')
  }),
  route('GET', 'projects/:project/secret-keys', async ({ projectSecrets }, call) => {
    checkProvider(call.query.text('provider'))
    return { provider, secret_keys: (await projectSecrets.list(call.params['project']!)).map(({ name }) => name) }
  }),
  route('GET', 'projects/:project/secrets', async () => {
    throw new MlrunError(
      403,
      'The values of secrets are given to runs of the project only; ask for their names with secret-keys.',
    )
  }),
  route('DELETE', 'projects/:project/secrets', async ({ projectSecrets }, call) => {
    checkProvider(call.query.text('provider'))
    const names = call.query.list('secret', 'secrets')
    await projectSecrets.remove(call.params['project']!, names.length === 0 ? undefined : names)
    return noContent()
  }),
]

/** Keeps what is sent as `{provider, secrets}`. */
export async function setSecrets({ projectSecrets }: MlrunContext, project: string, body: JsonValue): Promise<void> {
  const secrets = isJsonObject(body) ? body['secrets'] : undefined
  if (!isJsonObject(body) || !isJsonObject(secrets)) throw invalid("The body is to be an object with 'provider' and 'secrets'.")
  checkProvider(textOf(body['provider']))
  const values: Record<string, string> = {}
  for (const [name, value] of Object.entries(secrets)) {
    if (typeof value !== 'string') throw invalid(`The value of the secret '${name.slice(0, 80)}' is to be a text.`)
    values[name] = value
  }
  await projectSecrets.set(checkProjectName(project), values)
}

function checkProvider(given: string | undefined): void {
  if (given === undefined || given === provider) return
  throw invalid(
    `The provider of secrets is '${provider}' here, not '${given.slice(0, 40)}': no other place for secrets is known.`,
  )
}
