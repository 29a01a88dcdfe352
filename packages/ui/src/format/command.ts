/** A command as whoever started the server types it: the page says how. */
export const terminalCommand = (rest: string): string =>
  `${document.querySelector<HTMLMetaElement>('meta[name=command]')?.content ?? 'trainyard'} ${rest}`

/** Makes a first function. */
export const newFunctionCommand = (project: string | undefined): string =>
  terminalCommand(`function new train.py --handler train${project === undefined ? '' : ` --project ${project}`}`)
