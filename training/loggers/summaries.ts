/** Messages of TensorBoard's files: scalars, histograms, images, text, hyperparameters. */
import { isRecord } from "../../schema/record.ts";
import type { Field, Message } from "./event_file.ts";

/** Field numbers of `Event`, `Summary.Value` and `SummaryMetadata`. */
const EVENT = { summary: 5, sessionLog: 7 };
const VALUE = { tag: 1, simpleValue: 2, image: 4, histogram: 5, tensor: 8, metadata: 9 };
const METADATA = { pluginData: 1, dataClass: 4 };

/** `DataType` of tensors, and `DataClass` of values that are neither scalars nor blobs. */
const FLOAT = 1, STRING = 7, DATA_CLASS_TENSOR = 2;
/** Bins of a histogram. */
const BINS = 30;

/** An event with several values. */
export function summaryEvent(summaries: readonly Message[]): Message {
  const values = summaries.map((value): Field => ({ message: value }));
  return { [EVENT.summary]: { message: { 1: values } } };
}

/** An event that removes everything from its step on. */
export function restartEvent(): Message {
  const START = 1;
  return { [EVENT.sessionLog]: { message: { 1: { int: START } } } };
}

/** A number. */
export function scalar(tag: string, value: number): Message {
  return { [VALUE.tag]: { text: tag }, [VALUE.simpleValue]: { float: value } };
}

/**
 * A histogram of numbers with bins of equal width. There must be at least one number, all finite.
 */
export function histogram(tag: string, values: ArrayLike<number>): Message {
  let [least, most, sum, squares] = [Infinity, -Infinity, 0, 0];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    least = Math.min(least, value);
    most = Math.max(most, value);
    sum += value;
    squares += value * value;
  }
  const width = (most - least) / BINS;
  const bins = width === 0 ? 1 : BINS;
  const counts = new Array<number>(bins).fill(0);
  for (let i = 0; i < values.length; i++) {
    counts[width === 0 ? 0 : Math.min(bins - 1, Math.floor((values[i] - least) / width))]++;
  }
  const limits = counts.map((_, i) => i === bins - 1 ? most : least + width * (i + 1));
  return {
    [VALUE.tag]: { text: tag },
    [VALUE.histogram]: {
      message: {
        1: { double: least },
        2: { double: most },
        3: { double: values.length },
        4: { double: sum },
        5: { double: squares },
        6: { doubles: limits },
        7: { doubles: counts },
      },
    },
  };
}

/** An image: a PNG file of three channels. */
export function image(tag: string, png: Uint8Array): Message {
  const size = new DataView(png.buffer, png.byteOffset + 16, 8);
  const RGB = 3;
  return {
    [VALUE.tag]: { text: tag },
    [VALUE.image]: {
      message: {
        1: { int: size.getUint32(4) },
        2: { int: size.getUint32(0) },
        3: { int: RGB },
        4: { bytes: png },
      },
    },
  };
}

/** A text in Markdown. */
export function text(tag: string, markdown: string): Message {
  return {
    [VALUE.tag]: { text: tag },
    [VALUE.tensor]: { message: { 1: { int: STRING }, 2: shapeOfOne, 8: { text: markdown } } },
    [VALUE.metadata]: {
      message: {
        [METADATA.pluginData]: { message: { 1: { text: "text" } } },
        [METADATA.dataClass]: { int: DATA_CLASS_TENSOR },
      },
    },
  };
}

/** The hyperparameters that a run starts with: the values of a config by their keys, as `data.batchSize`. */
export function runStart(config: unknown): Message {
  const entries = flattened(config, []).map(([name, value]): Field => ({
    message: { 1: { text: name }, 2: { message: valueOf(value) } },
  }));
  const start = { 1: entries, 5: { double: Date.now() / 1000 } };
  return hyperparameters("session_start_info", { 3: { message: start } });
}

/** An event that marks a run as successful. */
export function runEnd(): Message {
  const SUCCESS = 1;
  const end = { 1: { int: SUCCESS }, 2: { double: Date.now() / 1000 } };
  return hyperparameters("session_end_info", { 4: { message: end } });
}

const shapeOfOne: Field = { message: { 2: { message: { 1: { int: 1 } } } } };

/** A summary of the plugin `hparams`, whose content is in the metadata. */
function hyperparameters(name: string, content: Message): Message {
  const plugin = { 1: { text: "hparams" }, 2: { message: content } };
  return {
    [VALUE.tag]: { text: `_hparams_/${name}` },
    [VALUE.tensor]: { message: { 1: { int: FLOAT }, 2: shapeOfOne, 5: { float: 0 } } },
    [VALUE.metadata]: {
      message: {
        [METADATA.pluginData]: { message: plugin },
        [METADATA.dataClass]: { int: DATA_CLASS_TENSOR },
      },
    },
  };
}

/** The leaves of nested mappings by their keys; a list is one leaf. */
function flattened(value: unknown, path: readonly string[]): [string, unknown][] {
  if (!isRecord(value)) return [[path.join("."), value]];
  return Object.entries(value).flatMap(([key, part]) => flattened(part, [...path, key]));
}

/** A leaf as google.protobuf.Value. */
function valueOf(value: unknown): Message {
  if (typeof value === "number") return { 2: { double: value } };
  if (typeof value === "boolean") return { 4: { int: Number(value) } };
  return { 3: { text: typeof value === "string" ? value : JSON.stringify(value) ?? "" } };
}
