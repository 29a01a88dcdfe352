import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import type { FastifyInstance } from 'fastify'
import type { ClientAccess, ClientRun, Execution } from '../../execution/index.ts'
import type { RunTokens } from '../../http/index.ts'
import type { Cli } from '../cli.ts'
import { withMemory } from '../given-variables.ts'
import { isSameServer, readServerNote } from '../server-file.ts'
import type { Session } from '../session.ts'
import { mlrunVariables } from './mlrun-variables.ts'

/** While it is open, clients of other trackers in a job reach the records. */
export interface OpenClientAccess extends ClientAccess, AsyncDisposable {}

/**
 * MLflow's clients in a job talk to the server of the data directory, where one runs, else to this process, on a port of this machine
 * that only tokens of runs open. A job whose clients never call costs the opening of a socket, beside the making of its record (a
 * process' first one takes milliseconds); what answers them is loaded with the first call.
 */
export function openClientAccess(cli: Cli, session: Session, execution: Execution): OpenClientAccess {
  const opened = new AsyncDisposableStack()
  let opening: Promise<Address> | undefined
  let mayHaveLogged = (): boolean => false
  const open = async (): Promise<Address> => {
    const address = await openAddress(session, execution, opened)
    mayHaveLogged = address.mayHaveLogged
    return address
  }
  const addressed = (): Promise<Address> => (opening ??= open())
  const isForeign = foreignness(cli, session)
  let hasTold = false
  const tellOnce = (uri: string): void => {
    if (hasTold) return
    hasTold = true
    cli.note(
      `MLFLOW_TRACKING_URI is ${uri}, which is not this data directory's server: what mlflow logs goes there, not into the run. Unset it to have it here.`,
    )
  }
  // Begun ahead of need; what fails is told where it is waited for.
  if (!isForeign(cli.config.environment['MLFLOW_TRACKING_URI'])) addressed().catch(() => undefined)
  const experiments = new Map<string, Promise<string | undefined>>()
  const experimentOf = (project: string, name: string): Promise<string | undefined> => {
    const key = JSON.stringify([project, name])
    const known = experiments.get(key)
    if (known) return known
    const asked = session.tracking.experiments.findByName(project, name).then((found) => found?.id)
    experiments.set(key, asked)
    return asked
  }
  const variablesOf = async (run: ClientRun): Promise<Record<string, string>> => {
    const { id, project, experiment, environment, autolog } = run
    const set = { ...cli.config.environment, ...environment }
    const forMlrun = async (): Promise<Record<string, string>> => {
      // A job that MLRun's client asked this server for is followed here, whatever the server itself was started with.
      const isAskedFor = environment['MLRUN_EXEC_CONFIG'] !== undefined
      if (isForeign((isAskedFor ? environment : set)['MLRUN_DBPATH'])) return {}
      const { url, tokens } = await addressed()
      return mlrunVariables(run, { url, token: tokens.tokenOf(id), set })
    }
    // Who has pointed the client somewhere means it, unless it is asked to log to this very run.
    const uri = set['MLFLOW_TRACKING_URI']
    if (uri && !autolog && isForeign(uri)) {
      tellOnce(withoutPassword(uri))
      return await forMlrun()
    }
    const hasExperiment = Boolean(set['MLFLOW_EXPERIMENT_NAME'] || set['MLFLOW_EXPERIMENT_ID'])
    const [{ url, tokens }, experimentId] = await Promise.all([
      addressed(),
      hasExperiment ? undefined : experimentOf(project, experiment),
    ])
    return {
      ...(await forMlrun()),
      MLFLOW_TRACKING_URI: project === 'default' ? url : `${url}/projects/${encodeURIComponent(project)}`,
      MLFLOW_TRACKING_TOKEN: tokens.tokenOf(id),
      // Clients prefer these to a token, and the token is what stands for the run.
      ...(set['MLFLOW_TRACKING_USERNAME'] ? { MLFLOW_TRACKING_USERNAME: '' } : {}),
      ...(set['MLFLOW_TRACKING_PASSWORD'] ? { MLFLOW_TRACKING_PASSWORD: '' } : {}),
      MLFLOW_RUN_ID: id,
      ...(experimentId === undefined ? {} : { MLFLOW_EXPERIMENT_ID: experimentId }),
    }
  }
  return {
    environmentOf: async (run) => withMemory(await variablesOf(run)),
    mayHaveLogged: () => mayHaveLogged(),
    async [Symbol.asyncDispose]() {
      await opening?.catch(() => undefined)
      await opened.disposeAsync()
    },
  }
}

/** Whether an address leads elsewhere than to this data directory's server or the one that the runs are sent to. */
function foreignness(cli: Cli, session: Session): (uri: string | undefined) => boolean {
  const own = [readServerNote(session.directory.path)?.url, cli.config.remote?.url].filter((url) => url !== undefined)
  return (uri) => Boolean(uri) && !own.some((url) => isSameServer(url, withoutProject(uri!)))
}

/** The run's project is the command's to say. */
const withoutProject = (uri: string): string => uri.replace(/\/projects\/[^/]+\/*$/, '')

const withoutPassword = (uri: string): string => uri.replace(/\/\/[^/@]*@/, '//')

interface Address {
  url: string
  tokens: RunTokens
  mayHaveLogged: () => boolean
}

async function openAddress(session: Session, execution: Execution, opened: AsyncDisposableStack): Promise<Address> {
  // Files, not the folder's index, which would load all of the server.
  const { createRunTokens, newRunSecret } = await import('../../http/run-tokens.ts')
  const running = readServerNote(session.directory.path)
  if (running?.runSecret !== undefined)
    return { url: running.url, tokens: createRunTokens(running.runSecret), mayHaveLogged: () => true }
  const tokens = createRunTokens(newRunSecret())
  const port = opened.use(
    await listenLazily(async () => {
      const { openRecordServer } = await import('../record-server.ts')
      // Nobody knows the other token: only those of runs open it.
      const guard = { loopback: true, hosts: [], token: newRunSecret(), runTokens: tokens }
      return openRecordServer(session, { guard, objects: execution.objects })
    }),
  )
  return { url: `http://127.0.0.1:${port.number}`, tokens, mayHaveLogged: () => port.wasCalled() }
}

interface LazyPort extends AsyncDisposable {
  readonly number: number
  wasCalled(): boolean
}

/** Listens on a free port of this machine; `load` is called by the first connection. */
async function listenLazily(load: () => Promise<FastifyInstance>): Promise<LazyPort> {
  let loading: Promise<FastifyInstance> | undefined
  const sockets = new Set<Socket>()
  const server: Server = createServer({ pauseOnConnect: true, noDelay: true }, (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    loading ??= load()
    loading.then(
      (app) => {
        app.server.emit('connection', socket)
        socket.resume()
      },
      // The client sees the connection closed, and says so in the script that called it.
      (error: unknown) => socket.destroy(error instanceof Error ? error : undefined),
    )
    socket.on('error', () => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  server.unref()
  return {
    number: (server.address() as AddressInfo).port,
    wasCalled: () => loading !== undefined,
    async [Symbol.asyncDispose]() {
      server.close()
      // Whoever called has ended; a process it left behind has nobody to talk to any more.
      for (const socket of sockets) socket.destroy()
      const app = await loading?.catch(() => undefined)
      await app?.close()
    },
  }
}
