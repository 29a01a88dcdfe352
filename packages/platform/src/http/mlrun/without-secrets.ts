import { isJsonObject, type JsonObject } from '@trainyard/contract'

/** The specification of a run as it may be kept: values of secrets that were given by value have no place in a record. */
export function withoutSecrets(spec: JsonObject): JsonObject {
  const { secret_sources: sources, ...plain } = spec
  const rest = Array.isArray(plain['notifications'])
    ? { ...plain, notifications: plain['notifications'].map((each) => (isJsonObject(each) ? withoutSecretParams(each) : each)) }
    : plain
  if (!Array.isArray(sources)) return rest
  const kept = sources.filter((each) => isJsonObject(each) && each['kind'] !== 'inline')
  return kept.length === 0 ? rest : { ...rest, secret_sources: kept }
}

/** What nobody is shown again. */
export const withoutSecretParams = ({ secret_params: secret, ...notification }: JsonObject): JsonObject =>
  secret === undefined ? notification : { ...notification, secret_params: {} }
