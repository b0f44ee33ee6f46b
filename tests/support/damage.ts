/** Damaged files: copies of sound ones in which something is wrong, the same every time. */
import { referenceBackend } from "../../backends/reference/reference.ts";
import {
  type CheckpointHeader,
  parseCheckpoint,
  restoreModel,
} from "../../checkpoints/checkpoint.ts";
import { foldModel } from "../../checkpoints/fold.ts";
import { CHECKPOINT_FORMAT, FOLDED_FORMAT } from "../../checkpoints/formats.ts";
import {
  type FoldedNetwork,
  networkProgram,
  parseFoldedNetwork,
} from "../../checkpoints/network.ts";
import { encodeOnnx } from "../../checkpoints/onnx.ts";
import { parseOnnxTensors } from "../../checkpoints/onnx_read.ts";
import { START } from "../../checkpoints/run_state.ts";
import { encodeSafetensors, parseSafetensors, type Tensor } from "../../checkpoints/safetensors.ts";
import { InputError } from "../../errors.ts";
import { RandomStream, STREAM } from "../../graph/random.ts";
import { buildModel } from "../../models/registry.ts";

/** A sound file and how it is read, up to where a program could be compiled. */
export interface Subject {
  readonly name: string;
  readonly sound: Uint8Array;
  read(bytes: Uint8Array): unknown;
}

/** One subject for each kind of file that may come from elsewhere. */
export async function damageSubjects(): Promise<Subject[]> {
  const architecture = {
    name: "layers",
    options: {
      classes: 3,
      inputChannels: 1,
      inputSize: [6, 6] as const,
      convolution: "do_conv" as const,
      layers: [
        { convolution: { outChannels: 2, kernelSize: 3, padding: 1 } },
        "batch_norm2d",
        "relu",
        { max_pool2d: { kernelSize: 2 } },
        { avg_pool2d: { kernelSize: 2, padding: 1 } },
        "flatten",
        { linear: { outFeatures: 3 } },
      ] as const,
    },
  };
  const description = {
    model: "layers",
    input: { height: 6, width: 6, channels: 1 },
    normalization: { mean: [0.5], std: [0.25] },
    classNames: ["a", "b", "c"],
  };
  const model = buildModel(architecture.name, architecture.options);
  model.initialize(1);
  const network = foldModel(model, description);
  const { name, threads, description: backend } = referenceBackend();
  const header: CheckpointHeader = {
    description,
    architecture,
    config: {},
    seed: 1,
    backend: { name, threads, description: backend },
    state: START,
    metricsBytes: 0,
  };
  const parameters = new Map(
    [...model.namedParameters()].map(([name, { shape, data }]): [string, Tensor] => [
      name,
      { dtype: "F32", shape, data },
    ]),
  );
  return [
    { name: "a folded network", sound: foldedFile(network), read: readFolded },
    {
      name: "a checkpoint",
      sound: encodeSafetensors(parameters, {
        format: CHECKPOINT_FORMAT,
        checkpoint: JSON.stringify(header),
      }),
      read: readModel,
    },
    {
      name: "an ONNX file",
      sound: await encodeOnnx(network),
      read: (bytes) => parseOnnxTensors(bytes, "file", () => Promise.resolve(new Uint8Array())),
    },
  ];
}

function foldedFile({ tensors, description, program }: FoldedNetwork): Uint8Array {
  return encodeSafetensors(tensors, {
    format: FOLDED_FORMAT,
    network: JSON.stringify(description),
    program: JSON.stringify(program),
  });
}

function readFolded(bytes: Uint8Array): unknown {
  return networkProgram(parseFoldedNetwork("file", parseSafetensors(bytes, "file")), 2);
}

function readModel(bytes: Uint8Array): unknown {
  return restoreModel(parseCheckpoint("file", parseSafetensors(bytes, "file")));
}

/** What became of damaged files. */
export interface DamageCounts {
  /** Read all the same: the damage was in numbers or in what nobody reads. */
  accepted: number;
  /** Refused with an error for the user. */
  refused: number;
}

/**
 * Reads `count` damaged copies of a subject's file. Throws, naming the number of the copy, unless
 * each is read or refused with InputError.
 */
export async function readDamaged(
  { name, sound, read }: Subject,
  count: number,
  first = 0,
): Promise<DamageCounts> {
  const counts = { accepted: 0, refused: 0 };
  for (let seed = first; seed < first + count; seed++) {
    try {
      await read(damage(sound, seed));
      counts.accepted++;
    } catch (error) {
      if (!(error instanceof InputError)) {
        throw new Error(`${name}, damaged copy ${seed}: ${error}`, { cause: error });
      }
      counts.refused++;
    }
  }
  return counts;
}

/** A damaged copy of a file; which damage is a matter of the seed alone. */
export function damage(sound: Uint8Array, seed: number): Uint8Array {
  const random = new RandomStream({ seed, stream: STREAM.synthetic });
  let bytes: Uint8Array = new Uint8Array(sound);
  for (let times = 1 + random.integer(3); times > 0; times--) {
    if (bytes.length > 0) bytes = DAMAGES[random.integer(DAMAGES.length)](bytes, random);
  }
  return bytes;
}

type Damage = (bytes: Uint8Array, random: RandomStream) => Uint8Array;

const DAMAGES: readonly Damage[] = [
  // A bit is flipped.
  (bytes, random) => {
    bytes[random.integer(bytes.length)] ^= 1 << random.integer(8);
    return bytes;
  },
  // A byte becomes any other, or one of the largest or smallest.
  (bytes, random) => {
    const extremes = [0, 1, 0x7f, 0x80, 0xff];
    bytes[random.integer(bytes.length)] = random.integer(2)
      ? random.integer(256)
      : extremes[random.integer(extremes.length)];
    return bytes;
  },
  // The length at the start is another one.
  (bytes, random) => {
    for (let i = 0; i < 8 && i < bytes.length; i++) {
      if (random.integer(3) === 0) bytes[i] = random.integer(256);
    }
    return bytes;
  },
  // The end is missing, or there is more.
  (bytes, random) => bytes.slice(0, random.integer(bytes.length)),
  (bytes, random) => splice(bytes, bytes.length, 0, noise(1 + random.integer(64), random)),
  // A part is missing, is there twice, or is noise.
  (bytes, random) => splice(bytes, random.integer(bytes.length), random.integer(40)),
  (bytes, random) => {
    const start = random.integer(bytes.length);
    const part = bytes.slice(start, start + random.integer(200));
    return splice(bytes, random.integer(bytes.length), 0, part);
  },
  (bytes, random) => {
    const start = random.integer(bytes.length);
    return splice(bytes, start, random.integer(16), noise(random.integer(16), random));
  },
  // A number in the text is another one, or something else; twice, as most of a file is text.
  replaceToken,
  replaceToken,
  // A value in the JSON within a safetensors file's metadata is another one.
  replaceInMetadata,
  replaceInMetadata,
];

const TOKENS = [
  "0",
  "-1",
  "0.5",
  "4294967296",
  "9007199254740993",
  "1e300",
  "null",
  "true",
  '"x"',
  "[]",
  "{}",
  "[1,2]",
  "[".repeat(1000),
  '{"a":'.repeat(500),
];

function replaceToken(bytes: Uint8Array, random: RandomStream): Uint8Array {
  const text = new TextDecoder("latin1").decode(bytes);
  const tokens = [...text.matchAll(/-?\d+(\.\d+)?|"[^"]{0,40}"|\[[^\[\]]{0,40}\]/g)];
  if (tokens.length === 0) return bytes;
  const { 0: found, index } = tokens[random.integer(tokens.length)];
  const other = new TextEncoder().encode(TOKENS[random.integer(TOKENS.length)]);
  const result = splice(bytes, index, found.length, other);
  // Half of the time the length at the start is made to fit, so that the text itself is read.
  if (result.length >= 8 && random.integer(2)) {
    const view = new DataView(result.buffer, result.byteOffset, result.byteLength);
    const length = view.getBigUint64(0, true) + BigInt(other.length - found.length);
    view.setBigUint64(0, BigInt.asUintN(64, length), true);
  }
  return result;
}

/** Leaves files alone that are no safetensors files, or not any more. */
function replaceInMetadata(bytes: Uint8Array, random: RandomStream): Uint8Array {
  try {
    const { tensors, metadata } = parseSafetensors(bytes, "file");
    const keys = Object.keys(metadata).filter((key) => metadata[key].startsWith("{"));
    const key = keys[random.integer(keys.length)];
    const damaged = replaceIn(JSON.parse(metadata[key]), random);
    return encodeSafetensors(tensors, { ...metadata, [key]: JSON.stringify(damaged) ?? "" });
  } catch {
    return bytes;
  }
}

const VALUES = [0, -1, 0.5, 2, 2 ** 20, 2 ** 40, 1e300, null, true, "x", "conv2d", [], [1, 2], {}];

/** The same JSON with another value somewhere, the deeper the likelier. */
function replaceIn(value: unknown, random: RandomStream): unknown {
  const isInner = typeof value === "object" && value !== null && Object.keys(value).length > 0;
  if (!isInner || random.integer(8) === 0) return VALUES[random.integer(VALUES.length)];
  const keys = Object.keys(value);
  const key = keys[random.integer(keys.length)];
  const inner = replaceIn((value as Record<string, unknown>)[key], random);
  if (!Array.isArray(value)) return { ...value, [key]: inner };
  return value.map((item, i) => `${i}` === key ? inner : item);
}

function splice(
  bytes: Uint8Array,
  start: number,
  removed: number,
  added: Uint8Array = new Uint8Array(),
): Uint8Array {
  const rest = bytes.subarray(Math.min(bytes.length, start + removed));
  const result = new Uint8Array(start + added.length + rest.length);
  result.set(bytes.subarray(0, start));
  result.set(added, start);
  result.set(rest, start + added.length);
  return result;
}

function noise(length: number, random: RandomStream): Uint8Array {
  return Uint8Array.from({ length }, () => random.integer(256));
}
