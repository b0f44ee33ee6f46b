/** Mutations of protocol buffers, as trees of fields with valid lengths. */
import type { RandomStream } from "../../graph/random.ts";
import { pick } from "../support/pick.ts";
import { concatenate, damage } from "./bytes.ts";

/** Which length-delimited fields are messages: by number, with the schemas of those. */
export interface Schema {
  readonly [field: number]: Schema;
}

/** A field: the fields of a message, the value of a varint, otherwise bytes. */
interface Field {
  readonly number: number;
  readonly wireType: number;
  readonly content: bigint | Uint8Array | readonly Field[];
}

/** A copy of a message with one field changed, missing or repeated. */
export function mutateMessage(
  message: Uint8Array,
  schema: Schema,
  random: RandomStream,
): Uint8Array {
  return encode(mutateFields(decode(message, schema), random));
}

function mutateFields(fields: readonly Field[], random: RandomStream): readonly Field[] {
  if (fields.length === 0) return fields;
  const at = random.integer(fields.length);
  const field = fields[at];
  if (Array.isArray(field.content) && random.integer(4)) {
    return fields.with(at, { ...field, content: mutateFields(field.content, random) });
  }
  switch (random.integer(6)) {
    case 0:
      return fields.toSpliced(at, 1);
    case 1:
      return fields.toSpliced(random.integer(fields.length), 0, field);
    case 2:
      return fields.with(at, { ...field, number: 1 + random.integer(16) });
    case 3:
      return fields.with(at, { ...pick(fields, random), number: field.number });
    default:
      return fields.with(at, { ...field, content: mutateContent(field, random) });
  }
}

const STRANGE = [0n, 1n, 2n, 3n, 7n, 10n, 11n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 64n - 1n];

function mutateContent({ content }: Field, random: RandomStream): Field["content"] {
  if (typeof content === "bigint") {
    return pick([...STRANGE, content + 1n, content * 2n, content / 2n], random);
  }
  const bytes = content instanceof Uint8Array ? content : encode(content);
  return random.integer(8) ? damage(bytes, random) : new Uint8Array();
}

function decode(message: Uint8Array, schema: Schema): Field[] {
  const fields: Field[] = [];
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n;; shift += 7n) {
      const byte = message[at++];
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = Number(varint());
    const [number, wireType] = [tag >> 3, tag & 7];
    if (wireType === 0) {
      fields.push({ number, wireType, content: varint() });
      continue;
    }
    const length = wireType === 2 ? Number(varint()) : wireType === 1 ? 8 : 4;
    const bytes = message.subarray(at, at += length);
    const isMessage = wireType === 2 && number in schema;
    fields.push({ number, wireType, content: isMessage ? decode(bytes, schema[number]) : bytes });
  }
  return fields;
}

function encode(fields: readonly Field[]): Uint8Array {
  return concatenate(fields.flatMap(({ number, wireType, content }) => {
    const tag = varintOf(BigInt(number << 3 | wireType));
    if (typeof content === "bigint") return [tag, varintOf(content)];
    const bytes = content instanceof Uint8Array ? content : encode(content);
    return wireType === 2 ? [tag, varintOf(BigInt(bytes.length)), bytes] : [tag, bytes];
  }));
}

function varintOf(value: bigint): Uint8Array {
  const bytes: number[] = [];
  for (; value >= 0x80n; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80);
  return Uint8Array.of(...bytes, Number(value));
}
