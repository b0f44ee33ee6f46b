/**
 * Indexes the samples of a WebDataset archive: consecutive files whose names are equal up to the first dot,
 * such as `0001.jpg` and `0001.cls`.
 */
import { InputError } from "../../errors.ts";
import { isPictureName } from "../../files/picture_names.ts";
import { FileWindow } from "../../files/window.ts";
import { spellName } from "../../reporting/controls.ts";
import { abridged } from "../../reporting/format.ts";
import { isRecord } from "../../schema/record.ts";
import { isSystemName, LABEL_NAMES } from "../folder/names.ts";
import { IndexBuilder, type ShardIndex, type ShardOptions } from "./shard_index.ts";
import { tarEntries, type TarEntry } from "./tar.ts";

/** Extensions of label files; the first that exists is used. */
const LABEL_ENDINGS = ["cls", "json", "txt"];
/** Most bytes of a label file. */
const MAX_LABEL_BYTES = 2 ** 16;

const COMPRESSED =
  "a compressed archive must be unpacked from its beginning for every image, and " +
  "images are compressed already; unpack it to a plain archive with gunzip";

/** Files whose names are equal up to the first dot. */
interface Sample {
  readonly stem: string;
  /** By the rest of the name, in lower case. */
  readonly files: Map<string, TarEntry>;
  /** Contents of those that may be the label. */
  readonly labels: Map<string, string>;
}

/** The index of an archive. Throws InputError, which begins with its path. */
export function indexTar(path: string, options: ShardOptions): ShardIndex {
  using file = new FileWindow(path);
  const index = new IndexBuilder(options.severalLabels, ["offset", "length"]);
  try {
    const [first, second] = file.at(0, 2);
    if (first === 0x1f && second === 0x8b) throw new InputError(COMPRESSED);
    for (const sample of samplesIn(file, index, options)) addSample(sample, index, options);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${path}: ${error.message}`, { cause: error });
  }
  return index.done();
}

function* samplesIn(
  file: FileWindow,
  index: IndexBuilder,
  { label }: ShardOptions,
): Generator<Sample> {
  const labelEndings = label === undefined ? LABEL_ENDINGS : [endingAndKey(label)[0]];
  let sample: Sample | undefined;
  for (const entry of tarEntries(file)) {
    const slash = entry.name.lastIndexOf("/") + 1;
    const name = entry.name.slice(slash);
    if (entry.kind === "folder" || isSystemName(name)) continue;
    const dot = name.indexOf(".");
    if (entry.kind !== "file" || dot < 0) {
      index.passOver(entry.kind === "file" ? "file without extension" : entry.kind);
      continue;
    }
    const [stem, ending] = [entry.name.slice(0, slash + dot), name.slice(dot + 1).toLowerCase()];
    if (stem !== sample?.stem) {
      if (sample) yield sample;
      sample = { stem, files: new Map(), labels: new Map() };
    }
    if (sample.files.has(ending)) {
      throw new InputError(`it contains two files ${shown(`${stem}.${ending}`)}; pack them again`);
    }
    sample.files.set(ending, entry);
    // Buffered with its header, so that nothing is read twice.
    if (!labelEndings.includes(ending)) continue;
    if (entry.size > MAX_LABEL_BYTES) {
      throw new InputError(
        `${shown(entry.name)}: a label of ${entry.size} bytes, expected at most ${MAX_LABEL_BYTES}`,
      );
    }
    sample.labels.set(ending, new TextDecoder().decode(file.at(entry.offset, entry.size)));
  }
  if (sample) yield sample;
}

function addSample(sample: Sample, index: IndexBuilder, options: ShardOptions): void {
  const picture = pictureOf(sample, options);
  if (!picture) return index.passOver("sample without an image");
  const labels = labelsOf(sample, options);
  if (!labels) return index.passOver("sample without a label");
  if (!options.severalLabels && labels.length !== 1) {
    throw new InputError(
      `sample ${shown(sample.stem)} has ${labels.length} labels, expected one; several need ` +
        "severalLabels: true",
    );
  }
  const { name, offset, size } = picture;
  index.add(name, labels, offset, size);
}

function pictureOf({ stem, files }: Sample, { picture }: ShardOptions): TarEntry | undefined {
  if (picture !== undefined) return files.get(picture.toLowerCase());
  const endings = [...files.keys()].filter((ending) => isPictureName(`.${ending}`));
  if (endings.length > 1) {
    throw new InputError(
      `sample ${shown(stem)} has several images: ${endings.map(shown).join(", ")}; choose one ` +
        "with picture, such as picture: jpg",
    );
  }
  return files.get(endings[0]);
}

/** The labels of a sample; undefined if it has no label file. */
function labelsOf(
  { stem, labels }: Sample,
  { label, severalLabels, separator }: ShardOptions,
): readonly string[] | undefined {
  const [ending, key] = label === undefined
    ? [LABEL_ENDINGS.find((ending) => labels.has(ending))]
    : endingAndKey(label);
  const text = ending === undefined ? undefined : labels.get(ending)?.trim();
  if (text === undefined) return undefined;
  if (ending === "json") return labelsInJson(text, key, stem);
  if (!severalLabels) return [text];
  return text.split(separator).map((one) => one.trim()).filter((one) => one !== "");
}

function labelsInJson(text: string, key: string | undefined, stem: string): readonly string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InputError(`sample ${shown(stem)}: invalid JSON: ${(error as Error).message}`);
  }
  if (isRecord(value)) {
    const record = value;
    const names = key === undefined ? LABEL_NAMES : [key];
    const found = names.find((name) => Object.hasOwn(record, name));
    value = found === undefined ? undefined : record[found];
  }
  const labels = Array.isArray(value) ? value : [value];
  if (labels.every((one) => typeof one === "string" || Number.isInteger(one))) {
    return labels.map(String);
  }
  throw new InputError(
    `sample ${shown(stem)}: found no label in its JSON, ${
      shown(text)
    }; give its location with label, ` +
      "such as label: json:category",
  );
}

/** For example `json` and `category` from `json:category`. */
function endingAndKey(label: string): [ending: string, key?: string] {
  const colon = label.indexOf(":");
  return colon < 0
    ? [label.toLowerCase()]
    : [label.slice(0, colon).toLowerCase(), label.slice(colon + 1)];
}

function shown(text: string): string {
  return spellName(abridged(text, 100));
}
