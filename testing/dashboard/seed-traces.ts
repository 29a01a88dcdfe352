/** Traces as clients of OpenTelemetry send them: one that answered, one whose retrieval failed, one with names that would be markup. */
export async function seedTraces(url: string): Promise<Record<'answered' | 'failed' | 'hostile', string>> {
  const send = async (digit: string, spans: object[]): Promise<string> => {
    const traceId = digit.repeat(32)
    const resourceSpans = [{ scopeSpans: [{ spans: spans.map((each) => ({ traceId, ...each })) }] }]
    await post(`${url}/v1/traces`, { resourceSpans })
    return `tr-${traceId}`
  }
  const answered = await send('a', [
    span({
      id: 1,
      name: 'answer',
      type: 'CHAIN',
      from: 0,
      to: 900,
      in: { question: 'What is churn?' },
      out: 'Customers who leave.',
    }),
    span({ id: 2, parent: 1, name: 'retrieve', type: 'RETRIEVER', from: 20, to: 240, in: 'churn', out: ['doc 1', 'doc 2'] }),
    span({
      id: 3,
      parent: 1,
      name: 'generate',
      type: 'CHAT_MODEL',
      from: 250,
      to: 880,
      in: { messages: 3 },
      out: 'Customers who leave.',
    }),
    span({ id: 4, parent: 3, name: 'tokenize', from: 260, to: 262 }),
  ])
  const failed = await send('b', [
    { ...span({ id: 5, name: 'answer', type: 'CHAIN', from: 0, to: 300, in: { question: 'And then?' } }), status: { code: 2 } },
    {
      ...span({ id: 6, parent: 5, name: 'retrieve', type: 'RETRIEVER', from: 10, to: 290, in: 'then' }),
      status: { code: 2, message: 'ConnectionError: the index is away' },
      events: [
        {
          name: 'exception',
          timeUnixNano: String(startNs + 280_000_000n),
          attributes: [text('exception.type', 'ConnectionError'), text('exception.message', 'the index is away')],
        },
      ],
    },
  ])
  const markup = '<img src=x onerror="globalThis.owned=1">'
  const hostile = await send('c', [span({ id: 7, name: markup, from: 0, to: 5, in: { [markup]: markup }, out: markup })])
  await post(`${url}/api/3.0/mlflow/traces/${answered}/assessments`, {
    assessment: {
      assessment_name: 'helpful',
      source: { source_type: 'HUMAN', source_id: 'maria' },
      feedback: { value: true },
      rationale: 'It says what is meant.',
    },
  })
  return { answered, failed, hostile }
}

const startNs = BigInt(Date.now()) * 1_000_000n

const text = (key: string, value: string) => ({ key, value: { stringValue: value } })

/** As MLflow's client sends values: of their own type, objects as lists of pairs. */
function anyValue(value: unknown): object {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'number') return { intValue: String(value) }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } }
  return { kvlistValue: { values: Object.entries(value as object).map(([key, each]) => ({ key, value: anyValue(each) })) } }
}

function span(told: {
  id: number
  parent?: number
  name: string
  type?: string
  from: number
  to: number
  in?: unknown
  out?: unknown
}): object {
  const idOf = (number: number): string => number.toString(16).padStart(16, '0')
  const at = (ms: number): string => String(startNs + BigInt(ms) * 1_000_000n)
  const attributes = [
    ['mlflow.spanType', told.type],
    ['mlflow.spanInputs', told.in],
    ['mlflow.spanOutputs', told.out],
  ].flatMap(([key, value]) => (value === undefined ? [] : [{ key: key as string, value: anyValue(value) }]))
  return {
    spanId: idOf(told.id),
    ...(told.parent === undefined ? {} : { parentSpanId: idOf(told.parent) }),
    name: told.name,
    startTimeUnixNano: at(told.from),
    endTimeUnixNano: at(told.to),
    attributes,
    status: { code: 1 },
  }
}

async function post(url: string, body: object): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-mlflow-experiment-id': '0' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${await answer.text()}`)
}
