// Reads files with readers that others wrote, and prints what they found.
// In:  [{ name, path, sql: { label: query over $file } }] as JSON on standard input.
// Out: { name: { rows, metadata, geo, schemaErrors, features, sql: { label: rows } } }; "error" where a reader gave up.
import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { DuckDBInstance } from '@duckdb/node-api'
import Ajv from 'ajv'
import addFormats from 'ajv-formats'
import { asyncBufferFromFile, toGeoJson } from 'geoparquet'
import { parquetMetadataAsync, parquetReadObjects } from 'hyparquet'
import { DEFAULT_PARSERS } from 'hyparquet/src/convert.js'

const compressors = { GZIP: input => new Uint8Array(gunzipSync(input)) }
const parsers = { ...DEFAULT_PARSERS, timestampFromMicroseconds: micros => micros }
const schema = file => JSON.parse(readFileSync(new URL(file, import.meta.url)))

const ajv = addFormats(new Ajv({ strict: false, allErrors: true }))
ajv.addSchema(schema('projjson-0.7.schema.json'))
const validate = ajv.compile(schema('geoparquet-1.1.0.schema.json'))

const database = await (await DuckDBInstance.create()).connect()

const answers = {}
for (const { name, path, sql } of JSON.parse(readFileSync(0, 'utf8'))) {
  const file = await asyncBufferFromFile(path)
  const answer = answers[name] = {}
  const metadata = await attempt(answer, 'metadata', () => parquetMetadataAsync(file, { parsers, geoparquet: false }))
  await attempt(answer, 'rows', () => parquetReadObjects({ file, metadata, compressors, parsers, utf8: false }))
  const geo = metadata?.key_value_metadata?.find(entry => entry.key === 'geo')?.value
  if (geo !== undefined) {
    answer.geo = JSON.parse(geo)
    answer.schemaErrors = schemaErrors(answer.geo)
    // What the schema says of a file that is wrong: a check that always passes would be none.
    answer.schemaErrorsWhenBroken = schemaErrors({
      ...answer.geo,
      columns: { broken: { encoding: 'EWKB', geometry_types: ['Circle'], crs: 'EPSG:4326' } },
    })
    await attempt(answer, 'features', async () => (await toGeoJson({ file, compressors })).features)
  }
  answer.sql = {}
  for (const [label, query] of Object.entries(sql ?? {})) {
    await attempt(answer.sql, label, async () => {
      await database.run('SET enable_geoparquet_conversion = true')
      const result = await database.runAndReadAll(query.replaceAll('$file', `'${path}'`))
      return result.getRowObjectsJson()
    })
  }
}

process.stdout.write(JSON.stringify(answers, plain), () => process.exit(0))

function schemaErrors(geo) {
  return validate(geo) ? [] : validate.errors.map(e => `${e.instancePath} ${e.message}`)
}

async function attempt(answer, key, read) {
  try {
    return answer[key] = await read()
  } catch (error) {
    answer[key] = { error: String(error.stack ?? error) }
  }
}

// JSON has no bytes, no integers of 64 bits and no NaN: these become text.
function plain(key, value) {
  const original = this[key]
  if (original instanceof Uint8Array) return Buffer.from(original).toString('hex').toUpperCase()
  if (original instanceof Date) return original.toISOString()
  if (typeof value === 'bigint') return value.toString()
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) return Object.is(value, -0) ? '-0' : String(value)
  return value === undefined ? null : value
}
