import type { RunRecord } from '@trainyard/contract'
import type { Workshop } from '../end-to-end/program.ts'

const script = `
import math, os, time
def train(context, eta: float = 0.1, depth: int = 6, rounds: int = 30, fail: bool = False, wait: str = ""):
    best = 0.9 + 0.03 * math.exp(-abs(math.log(eta / 0.05))) + 0.001 * depth
    for step in range(rounds):
        part = 1 - math.exp(-step * 0.3)
        context.log_metrics({"val_auc": 0.7 + (best - 0.7) * part, "train_auc": 0.72 + (best - 0.7) * part, "val_loss": float("nan") if eta == 0.07 and step > 20 else 1 - part / 2}, step=step)
        print(f"[{step}] \\x1b[32mval-auc\\x1b[0m {best * part:.4f}", flush=True)
        if wait and step == 10:
            while not os.path.exists(wait):
                time.sleep(0.05)
    if fail:
        raise ValueError("below the gate")
    context.log_artifact("model.txt", body="trees")
    context.log_artifact("table.csv", body="feature,gain\\nage,0.5\\nplan,0.25\\n")
    context.log_artifact("settings.json", body='{"eta": 1}')
    context.log_artifact("page.html", body=HOSTILE)

HOSTILE = """<h1>Report</h1><p id=out>no script</p><script>
document.getElementById('out').textContent = 'ran alone'
const say = (text) => document.body.append(document.createElement('br'), text)
try { parent.document.title = 'owned'; say('PARENT REACHED') } catch { say('no parent') }
try { localStorage.setItem('owned', '1'); say('STORAGE REACHED') } catch { say('no storage') }
fetch('/api/trainyard/v1/projects').then(() => say('SERVER REACHED'), () => say('no server'))
</script>"""
`

/** Real runs: a sweep, single ones, one that failed, one whose loss became NaN, one with names that would be markup. */
export async function seedRuns(
  workshop: Workshop,
): Promise<Record<'sweep' | 'good' | 'better' | 'failed' | 'odd' | 'hostile', RunRecord>> {
  workshop.write('train.py', script)
  const run = (name: string, ...rest: string[]) =>
    workshop.json('run', 'train.py:train', '--project', 'churn', '--name', name, ...rest)
  const sweep = await run(
    'sweep',
    '-x',
    'eta=[0.01,0.05,0.2]',
    '-x',
    'depth=[4,8]',
    '--strategy',
    'grid',
    '--selector',
    'max.val_auc',
  )
  const good = await run('good', '-p', 'eta=0.2', '-p', 'depth=4')
  const better = await run('better', '-p', 'eta=0.05', '-p', 'depth=8', '--label', 'team=risk')
  const failed = await run('broken', '-p', 'fail=true')
  const odd = await run('diverged', '-p', 'eta=0.07')
  const hostile = await run('<img src=x onerror="globalThis.owned=1">', '--label', 'note=<script>globalThis.owned=1</script>')
  return { sweep, good, better, failed, odd, hostile }
}
