import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { AppError } from '@trainyard/contract'
import { storageError, systemErrorCode } from './errors.ts'

/** Keeps secrets unreadable where they are stored: whoever has the database alone learns nothing. */
export interface SecretBox {
  seal(secret: string): string
  /** `storage` when it was sealed with another key. */
  open(sealed: string): string
}

const keyBytes = 32
const nonceBytes = 12
const tagBytes = 16

/** AES-256-GCM with a key from a file of its owner's, which is made with the first secret. */
export function createSecretBox(keyFile: string): SecretBox {
  let known: Buffer | undefined
  const key = (): Buffer => (known ??= readKeyFile(keyFile))
  return {
    seal(secret) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', key(), nonce)
      const sealed = Buffer.concat([nonce, cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `v1.${sealed.toString('base64url')}`
    },
    open(sealed) {
      try {
        const bytes = Buffer.from(sealed.replace(/^v1\./, ''), 'base64url')
        const decipher = createDecipheriv('aes-256-gcm', key(), bytes.subarray(0, nonceBytes))
        decipher.setAuthTag(bytes.subarray(-tagBytes))
        return decipher.update(bytes.subarray(nonceBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8')
      } catch (error) {
        if (error instanceof AppError) throw error
        throw new AppError('storage', `A stored secret cannot be read with the key in ${keyFile}; set it anew.`, { cause: error })
      }
    },
  }
}

/** The 256 bits of a file that only its owner reads, made when it is missing. Several processes may want it at once: the first to write it wins. */
export function readKeyFile(path: string): Buffer {
  try {
    writeFileSync(path, randomBytes(keyBytes).toString('base64'), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if (systemErrorCode(error) !== 'EEXIST') throw storageError(`Cannot write the key file ${path}`, error)
  }
  const key = Buffer.from(readFileSync(path, 'utf8'), 'base64')
  if (key.length !== keyBytes)
    throw new AppError('storage', `The key file ${path} is damaged: it must hold ${keyBytes} bytes in base64.`)
  return key
}
