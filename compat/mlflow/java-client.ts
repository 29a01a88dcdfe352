import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { here } from './client-environment.ts'

const sources = join(here, 'java')

/**
 * MLflow's Java client against a running server. False, with the reason said, where there is no JDK, no Maven or no way to Maven's
 * repository; it throws where the client is answered wrongly.
 */
export function javaClient(url: string): boolean {
  const pom = join(sources, 'pom.xml')
  const folder = join(
    process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
    'trainyard-compat',
    `mlflow-java-${hashOf(pom)}`,
  )
  const classPath = join(folder, 'class-path')
  try {
    mkdirSync(folder, { recursive: true })
    const resolve = ['-q', '-B', '-f', pom, 'dependency:build-classpath', `-Dmdep.outputFile=${classPath}`]
    if (!existsSync(classPath)) execFileSync('mvn', resolve, { stdio: 'pipe' })
    const packages = readFileSync(classPath, 'utf8').trim()
    execFileSync('javac', ['-d', folder, '-cp', packages, join(sources, 'Client.java')], { stdio: 'pipe' })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    console.log(`NOT RUN: the Java client needs a JDK, Maven and its repository: ${reason.slice(0, 400)}`)
    return false
  }
  const packages = readFileSync(classPath, 'utf8').trim()
  execFileSync('java', ['-cp', `${folder}:${packages}`, 'Client'], {
    env: { ...process.env, MLFLOW_TRACKING_URI: url },
    encoding: 'utf8',
    timeout: 120_000,
  })
  return true
}

const hashOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 12)
