/**
 * Cached virtual environments for code that says what it needs: a script header (PEP 723), a requirements.txt, a pyproject.toml or
 * a list. Equal requirements on the same interpreter share one environment, made once, with uv where it is installed, else pip.
 *
 * It does not choose the interpreter (`execution/interpreter.ts` does) and does not start anything in an environment.
 * Start with `environments.ts`; `requirements.ts` reads the sources, `installers.ts` runs the tools.
 */
export {
  type CachedEnvironment,
  checkInterpreter,
  type EnvironmentChoice,
  environmentCacheDirectory,
  listEnvironments,
  type PreparedEnvironment,
  prepareEnvironment,
  type PrepareOptions,
  removeEnvironments,
} from './environments.ts'
export {
  fileRequirements,
  listedRequirements,
  projectRequirements,
  type Requirements,
  scriptRequirements,
} from './requirements.ts'
