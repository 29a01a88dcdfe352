/** The longest delay a timer of the runtime takes; a longer one would fire at once. */
const longestTimerMs = 2_147_483_647

/** Calls `act` after `delayMs`, also when that is more than the 24.8 days that a timer of the runtime takes. */
export function afterDelay(delayMs: number, act: () => void): Disposable {
  let timer: NodeJS.Timeout
  const arm = (leftMs: number): void => {
    const stepMs = Math.min(leftMs, longestTimerMs)
    timer = setTimeout(() => (leftMs > stepMs ? arm(leftMs - stepMs) : act()), stepMs)
  }
  arm(delayMs)
  return { [Symbol.dispose]: () => clearTimeout(timer) }
}
