import { documentIn } from './document-in.ts'
import { invalid } from './errors.ts'
import { objectAt } from './json.ts'
import { type Route, route } from './route.ts'
import { scheduleTask } from './schedules.ts'
import { functionOf, submitTask } from './submit.ts'

export const submitRoutes: readonly Route[] = [
  route('POST', 'submit_job', async (context, call) => {
    const body = documentIn(call, "an object with a 'task'")
    const task = objectAt(body, 'task')
    if (Object.keys(task).length === 0) throw invalid("The body has no 'task': send the run that is to be carried out.")
    const document = await functionOf(context, body, task)
    if (body['schedule'] !== undefined && body['schedule'] !== null) return { data: await scheduleTask(context, call, body) }
    return { data: await submitTask(context, call, { task, document }) }
  }),
]
