import { crc32, deflateRawSync, gzipSync } from 'node:zlib'

export interface ArchiveEntry {
  name: string
  content?: string | Buffer
  /** TAR's letter: 0 file, 1 hard link, 2 symbolic link, 3 device, 5 folder. */
  type?: string
  link?: string
  /** What the header says instead of the truth. */
  claimedSize?: number
}

const bytesOf = (content: string | Buffer = ''): Buffer => (typeof content === 'string' ? Buffer.from(content) : content)

/** A TAR archive with entries as they are, also those that no decent program writes. */
export function tarOf(entries: readonly ArchiveEntry[], options: { gzip?: boolean } = {}): Buffer {
  const blocks = entries.flatMap(({ name, content, type = '0', link = '' }) => {
    const body = bytesOf(content)
    const header = Buffer.alloc(512)
    header.write(name.slice(0, 100), 0)
    header.write('0000644\0', 100)
    header.write('0000000\0', 108)
    header.write('0000000\0', 116)
    header.write(`${body.length.toString(8).padStart(11, '0')}\0`, 124)
    header.write('00000000000\0', 136)
    header.write('        ', 148)
    header.write(type, 156)
    header.write(link, 157)
    header.write('ustar\u000000', 257)
    const sum = header.reduce((total, byte) => total + byte, 0)
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
    return [header, body, Buffer.alloc((512 - (body.length % 512)) % 512)]
  })
  const archive = Buffer.concat([...blocks, Buffer.alloc(1024)])
  return options.gzip ? gzipSync(archive) : archive
}

/** A ZIP archive, likewise. A `type` of 2 is a symbolic link. */
export function zipOf(entries: readonly ArchiveEntry[]): Buffer {
  const parts: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content, type, link, claimedSize } of entries) {
    const body = bytesOf(type === '2' ? link : content)
    const packed = deflateRawSync(body)
    const title = Buffer.from(name)
    const common = Buffer.alloc(26)
    common.writeUInt16LE(20, 0)
    common.writeUInt16LE(8, 4)
    common.writeUInt32LE(crc32(body), 10)
    common.writeUInt32LE(packed.length, 14)
    common.writeUInt32LE(claimedSize ?? body.length, 18)
    common.writeUInt16LE(title.length, 22)
    parts.push(Buffer.from('PK\u0003\u0004', 'latin1'), common, title, packed)
    const row = Buffer.alloc(46)
    row.write('PK\u0001\u0002', 0, 'latin1')
    row.writeUInt16LE(0x03_14, 4)
    common.copy(row, 6)
    row.writeUInt32LE(((type === '2' ? 0o120_777 : 0o100_644) << 16) >>> 0, 38)
    row.writeUInt32LE(offset, 42)
    directory.push(row, title)
    offset += 30 + title.length + packed.length
  }
  const listed = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\u0005\u0006', 0, 'latin1')
  end.writeUInt16LE(entries.length, 8)
  end.writeUInt16LE(entries.length, 10)
  end.writeUInt32LE(listed.length, 12)
  end.writeUInt32LE(offset, 16)
  return Buffer.concat([...parts, listed, end])
}
