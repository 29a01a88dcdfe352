import { describe, expect, test } from 'vitest'
import { isPostgresAddress, parsePostgresAddress } from './postgres-address.ts'

describe('an address of Postgres', () => {
  test.each([
    ['postgres://ada@db.example/train', 'postgres://ada@db.example/train', 'trainyard', 'postgres://ada@db.example/train'],
    [
      'postgresql://ada:s%40cret@db:5433/train',
      'postgresql://ada:s%40cret@db:5433/train',
      'trainyard',
      'postgresql://ada@db:5433/train',
    ],
    ['postgres://db/train?schema=team_a&sslmode=require', 'postgres://db/train?sslmode=require', 'team_a', 'postgres://db/train'],
    [
      'postgres://ada@/train?host=%2Frun%2Fpg',
      'postgres://ada@/train?host=%2Frun%2Fpg',
      'trainyard',
      'postgres://ada@/train?host=/run/pg',
    ],
  ])('%s is taken apart, and shown without its password', (text, connectionString, schema, display) => {
    expect(isPostgresAddress(text)).toBe(true)
    expect(parsePostgresAddress(text)).toEqual({ connectionString, schema, display })
  })

  test.each(['mysql://db/x', '/tmp/trainyard.db', 'trainyard.db'])('%s is none', (text) => {
    expect(isPostgresAddress(text)).toBe(false)
  })

  test.each(['Team', 'a;b', '', '"x"'])('the schema %j is refused', (schema) => {
    expect(() => parsePostgresAddress(`postgres://db/train?schema=${encodeURIComponent(schema)}`)).toThrow(/lower-case letters/)
  })
})
