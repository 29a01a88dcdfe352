const lowerIsBetter =
  /(?:^|[^a-z])(?:loss|logloss|mlogloss|error|err|rmse|mae|mse|mape|perplexity|wer|cer|nll|latency|duration|time|regret)(?:$|[^a-z])/i

/** What a metric's name says about where it should go, when nobody has said it. */
export const goalOf = (metric: string): 'max' | 'min' =>
  lowerIsBetter.test(metric.replaceAll(/([a-z])([A-Z])/g, '$1_$2')) || /(?:loss|rmse|error)$/i.test(metric) ? 'min' : 'max'

const higherIsBetter =
  /(?:^|[^a-z])(?:auc|auroc|acc|accuracy|f1|f_?beta|precision|recall|score|r2|map|ndcg|mrr|bleu|rouge|iou|dice|reward|return|gain|lift|sharpe)(?:$|[^a-z])/i

/** Whether the name says it at all: of `model_size` nobody knows. */
export const isGoalKnown = (metric: string): boolean => goalOf(metric) === 'min' || higherIsBetter.test(metric)

export const isBetter = (metric: string, value: number, other: number): boolean =>
  goalOf(metric) === 'max' ? value > other : value < other

const preferred = /^(?:val|valid|validation|test|eval)/i

/** What was sampled of the machine beside what the run measured itself. */
export const isSystemMetric = (metric: string): boolean => metric.startsWith('system/')

/**
 * What some runs are about, the same on every page: the first of what the sweeps of their project look for that fits, else the main
 * metric of the project among those that fit, which says where a metric is asked for that these runs have.
 */
export function goalMetric(
  keys: { goals: readonly string[]; facts: readonly { scope: string; name: string; runCount: number }[] } | undefined,
  fits: (name: string) => boolean = () => true,
): string | undefined {
  if (!keys) return undefined
  return keys.goals.find(fits) ?? mainMetric(keys.facts.filter(({ scope, name }) => scope === 'metrics' && fits(name)))
}

/** The metric to show first: the one most runs have, of those the one measured on data not trained on. */
export function mainMetric(metrics: readonly { name: string; runCount: number }[]): string | undefined {
  const rank = ({ name, runCount }: { name: string; runCount: number }) =>
    runCount * 8 +
    (isGoalKnown(name) ? 4 : 0) +
    (preferred.test(name) ? 2 : 0) +
    (goalOf(name) === 'max' && !/^(?:train|epoch|step)/i.test(name) ? 1 : 0)
  return metrics.filter(({ name }) => !isSystemMetric(name)).toSorted((left, right) => rank(right) - rank(left))[0]?.name
}
