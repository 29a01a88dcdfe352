/** An answer that is written as JSON already, where an object for each of thousands of parts would cost more than the text. */
export class JsonText {
  readonly text: string | Uint8Array

  /** UTF-8, when it comes as bytes. */
  constructor(text: string | Uint8Array) {
    this.text = text
  }
}

/** What Fastify says by itself of JSON in a string, but not of JSON in bytes. */
export const jsonType = 'application/json; charset=utf-8'
