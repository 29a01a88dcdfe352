export function podmanRunFlags(image: string, command: readonly [string, ...string[]]): string[]
