/** A command as whoever started the server types it: the page says how. */
export const terminalCommand = (rest: string): string =>
  `${document.querySelector<HTMLMetaElement>('meta[name=command]')?.content ?? 'trainyard'} ${rest}`
