import { execFileSync } from 'node:child_process'

/** For a machine without the rights to raise limits, and with both kinds of control groups. */
const forNarrowMachine = ['--runtime', 'runc', '--ulimit', 'nofile=1000:1000', '--ulimit', 'nproc=1000:1000']

/**
 * What `podman run` needs to run an image on this machine, tried with a command that ends at once: nothing, as a rule. Throws when no way works.
 * @param {readonly string[]} command of the image
 * @returns {string[]}
 */
export function podmanRunFlags(image, command) {
  const tryWith = (flags) =>
    execFileSync('podman', ['run', ...flags, '--rm', '--network=host', '--entrypoint', command[0], image, ...command.slice(1)], {
      stdio: 'pipe',
      timeout: 60_000,
    })
  try {
    tryWith([])
    return []
  } catch {
    tryWith(forNarrowMachine)
    return forNarrowMachine
  }
}
