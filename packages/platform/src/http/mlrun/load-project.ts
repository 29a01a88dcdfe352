import { isJsonObject, newRunId } from '@trainyard/contract'
import { invalid } from './errors.ts'
import { checkProjectName } from './names.ts'
import { type MlrunCall, type MlrunContext, type Route, route } from './route.ts'
import { setSecrets } from './secrets.ts'
import { loadableSource, runnerFunction } from './server-source.ts'
import { submitTask } from './submit.ts'

export const loadProjectRoutes: readonly Route[] = [route('POST', 'projects/:project/load', load)]

/** Has the client's own package load a project from its source within a job of the server, and keep it under this name. */
async function load(context: MlrunContext, call: MlrunCall): Promise<object> {
  const project = checkProjectName(call.params['project']!)
  const url = call.query.text('url')
  if (url === undefined) throw invalid("The parameter 'url' is missing: name a Git address or an archive that holds the project.")
  const source = loadableSource(url)
  const body = call.body()
  if (isJsonObject(body) && isJsonObject(body['secrets'])) await setSecrets(context, project, body)
  const name = `load-${project}`
  const task = {
    metadata: { name, project, uid: newRunId(context.clock.nowMs()), labels: { 'job-type': 'project-loader', project } },
    spec: {
      handler: 'mlrun.projects.import_remote_project',
      parameters: { ...source, project_name: project },
    },
  }
  return { data: await submitTask(context, call, { task, document: runnerFunction(name, project) }) }
}
