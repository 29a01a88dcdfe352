import { LoadDemo } from './demo-banner.tsx'
import { Snippet } from '../ui/copy.tsx'
import { terminalCommand } from '../format/command.ts'

/** What to type to see something here, with this server's own address filled in. */
export function StartHere({ project }: { project?: string | undefined }) {
  const address = location.origin
  const flag = project === undefined ? '' : ` --project ${project}`
  return (
    <div className="empty start-here" role="status">
      <h2>{project === undefined ? 'Nothing here yet' : `No runs in ${project} yet`}</h2>
      {project === undefined && <LoadDemo />}
      <p>Start one in a terminal; this page opens it by itself as soon as it logs.</p>
      <Snippet label="A script, as it is" text={terminalCommand(`run training.py${flag} -p p1=5`)} />
      <Snippet
        label="Python, from inside"
        text={`import trainyard\ncontext = trainyard.get_or_create_ctx("train")\ncontext.log_metric("accuracy", 0.93, step=1)`}
      />
      <Snippet
        label="Already using MLflow? Point it here and change nothing else"
        text={`export MLFLOW_TRACKING_URI=${address}`}
      />
      <Snippet
        label="Already using MLRun? Point its client here and change nothing else"
        text={`export MLRUN_DBPATH=${address}`}
      />
      <Snippet
        label="TypeScript"
        text={`import { handler } from '@trainyard/sdk'\nexport const train = handler({}, async (context) => {\n  context.logMetric('accuracy', 0.93, { step: 1 })\n})`}
      />
    </div>
  )
}
