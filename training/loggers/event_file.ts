/**
 * TensorBoard's event files: records of TFRecord's format (length, its checksum, bytes, their checksum),
 * each a message `Event` of tensorflow/core/util/event.proto, as protocol buffers.
 */
import { crc32c } from "../../files/crc32c.ts";
import { DISK } from "../../files/disk.ts";
import { loadProtobuf } from "../../files/protobuf.ts";
import { LogFile } from "../log_file.ts";

/** A field of a message: its value by the type that the format gives it. */
export type Field =
  | { readonly double: number }
  | { readonly float: number }
  | { readonly int: number }
  | { readonly text: string }
  | { readonly bytes: Uint8Array }
  | { readonly doubles: readonly number[] }
  | { readonly message: Message };

/** A message: its fields by their numbers, of a repeated field a list. */
export interface Message {
  readonly [field: number]: Field | readonly Field[];
}

/** Field numbers of `Event`. */
const EVENT = { wallTime: 1, step: 2, fileVersion: 3 };

type Protobuf = Awaited<ReturnType<typeof loadProtobuf>>;

/** An event file open for writing. */
export class EventFile {
  private constructor(private readonly file: LogFile, private readonly protobuf: Protobuf) {}

  /** Creates a file at `path`, which must not exist. Throws RunError without the library. */
  static async create(path: string, disk = DISK): Promise<EventFile> {
    const protobuf = await loadProtobuf();
    const file = new EventFile(await LogFile.open(path, 0, disk), protobuf);
    await file.write(0, { [EVENT.fileVersion]: { text: "brain.Event:2" } });
    return file;
  }

  /** Appends an event with the present time. */
  async write(step: number, what: Message): Promise<void> {
    const event = {
      [EVENT.wallTime]: { double: Date.now() / 1000 },
      [EVENT.step]: { int: step },
      ...what,
    };
    const writer = this.protobuf.Writer.create();
    writeMessage(writer, event);
    await this.file.write(record(writer.finish()));
  }

  close(): void {
    this.file.close();
  }
}

/** Wire types of protocol buffers. */
const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 };

type Writer = InstanceType<Protobuf["Writer"]>;

function writeMessage(writer: Writer, message: Message): void {
  for (const [number, fields] of Object.entries(message)) {
    for (const field of [fields].flat()) writeField(writer, Number(number), field);
  }
}

function writeField(writer: Writer, number: number, field: Field): void {
  const tag = (wire: number) => writer.uint32(number << 3 | wire);
  if ("double" in field) tag(WIRE.fixed64).double(field.double);
  else if ("float" in field) tag(WIRE.fixed32).float(field.float);
  else if ("int" in field) tag(WIRE.varint).int64(field.int);
  else if ("text" in field) tag(WIRE.bytes).string(field.text);
  else if ("bytes" in field) tag(WIRE.bytes).bytes(field.bytes);
  else if ("doubles" in field) {
    tag(WIRE.bytes).fork();
    for (const value of field.doubles) writer.double(value);
    writer.ldelim();
  } else {
    tag(WIRE.bytes).fork();
    writeMessage(writer, field.message);
    writer.ldelim();
  }
}

/** Bytes with their length and both checksums. */
function record(data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(8 + 4 + data.length + 4);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, masked(crc32c(bytes.subarray(0, 8))), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, masked(crc32c(data)), true);
  return bytes;
}

/** A masked checksum, for bytes that may contain checksums. */
function masked(crc: number): number {
  return ((crc >>> 15 | crc << 17) + 0xa282ead8) >>> 0;
}
