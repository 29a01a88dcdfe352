/** The variables in which MLRun's client looks for the secrets of a project. */
export const secretVariables = (secrets: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(secrets).map(([name, value]) => [`MLRUN_K8S_SECRET__${name}`, value]))
