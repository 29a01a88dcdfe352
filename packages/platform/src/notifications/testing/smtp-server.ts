import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

export interface Mail {
  from: string
  to: string[]
  /** Headers and text, as sent. */
  data: string
  /** User name and password, where somebody signed in. */
  login: string | undefined
}

export interface MailServer extends AsyncDisposable {
  readonly port: number
  readonly mails: Mail[]
  /** Answers to the next recipients, in order, in place of 250. */
  readonly answers: string[]
}

/** A mail server without encryption that takes everything and delivers nothing. */
export async function openMailServer(): Promise<MailServer> {
  const mails: Mail[] = []
  const answers: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    // A client that leaves without a word is its own affair.
    socket.on('error', () => socket.destroy())
    converse(socket, mails, answers)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    answers,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function converse(socket: Socket, mails: Mail[], answers: string[]): void {
  let mail: Mail = { from: '', to: [], data: '', login: undefined }
  let body: string[] | undefined
  let rest = ''
  const say = (line: string): void => void socket.write(`${line}\r\n`)
  const take = (line: string): void => {
    if (body !== undefined) {
      if (line !== '.') return void body.push(line)
      mails.push({ ...mail, data: body.join('\n') })
      mail = { from: '', to: [], data: '', login: mail.login }
      body = undefined
      return say('250 kept')
    }
    const verb = line.split(/[ :]/)[0]?.toUpperCase()
    if (verb === 'EHLO') return ['250-here', '250 AUTH PLAIN'].forEach(say)
    if (verb === 'AUTH') {
      mail.login = Buffer.from(line.split(' ')[2] ?? '', 'base64')
        .toString()
        .split('\0')
        .slice(1)
        .join(':')
      return say('235 welcome')
    }
    if (verb === 'MAIL') mail.from = /<(.*?)>/.exec(line)?.[1] ?? ''
    if (verb === 'RCPT') {
      const answer = answers.shift()
      if (answer !== undefined) return say(answer)
      mail.to.push(/<(.*?)>/.exec(line)?.[1] ?? '')
    }
    if (verb === 'DATA') {
      body = []
      return say('354 go on')
    }
    if (verb === 'QUIT') {
      say('221 bye')
      return void socket.end()
    }
    say('250 fine')
  }
  say('220 here')
  socket.on('data', (piece: Buffer) => {
    const lines = (rest + piece.toString()).split('\r\n')
    rest = lines.pop() ?? ''
    for (const line of lines) take(line)
  })
}
