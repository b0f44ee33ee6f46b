/** Indexes a Parquet file as in Hugging Face's datasets: a column of images and one of labels. */
import { parquetMetadata, parquetSchema } from "npm:hyparquet@1.33.0/src/metadata.js";
import { getTreePath } from "npm:hyparquet@1.33.0/src/schema.js";
import type { ColumnMetaData, FileMetaData, RowGroup, SchemaTree } from "npm:hyparquet@1.33.0";
import { InputError } from "../../errors.ts";
import { FileWindow } from "../../files/window.ts";
import { spellName } from "../../reporting/controls.ts";
import { formatCount, someOf } from "../../reporting/format.ts";
import { LABEL_NAMES } from "../folder/names.ts";
import { type Features, featuresIn } from "./parquet_features.ts";
import { type ColumnForm, ofSound, pagesOf, unpackPage, type Values } from "./parquet_pages.ts";
import { thriftEnd } from "./thrift.ts";
import { IndexBuilder, type ShardIndex, type ShardOptions } from "./shard_index.ts";

/** Most bytes of a file's metadata. */
const MAX_FOOTER_BYTES = 2 ** 24;
/** Least bytes per row: the smallest image is several times larger. */
const ROW_BYTES = 16;

/** Columns used as the images; the first that exists. */
const PICTURE_NAMES = ["image", "img", "picture", "jpg", "png", "webp"];

/** The index of a file. Throws InputError, which begins with its path. */
export function indexParquet(path: string, options: ShardOptions): ShardIndex {
  using file = new FileWindow(path);
  try {
    return indexOf(file, options);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`${path}: ${error.message}`, { cause: error });
  }
}

function indexOf(file: FileWindow, options: ShardOptions): ShardIndex {
  const metadata = footerOf(file);
  const features = featuresIn(metadata);
  const tree = ofSound(() => parquetSchema(metadata));
  const pictures = new Column(tree, pictureColumn(tree, features, options));
  const labels = new Column(tree, labelColumn(tree, features, options));
  if (pictures.maxRepetition > 0) {
    throw new InputError(
      `its column ${pictures.shown} contains lists of images; expected one image per row`,
    );
  }
  const classNames = features.get(labels.name)?.classNames;
  const index = new IndexBuilder(options.severalLabels, ["page", "row", "dictionary"]);
  let [row, codec] = [0, undefined as string | undefined];
  for (const group of metadata.row_groups) {
    const chunk = pictures.chunkIn(group);
    if ((codec ??= chunk.codec) !== chunk.codec) {
      throw new InputError("its row groups use different compressions; write it again with one");
    }
    const found = labelsIn(file, group, labels);
    if (found.length !== Number(group.num_rows)) {
      throw new InputError("it is damaged: labels are missing; get a new copy");
    }
    let first = 0;
    let dictionary = 0;
    for (const { isDictionary, offset, count } of pagesOf(file, chunk)) {
      if (isDictionary) {
        dictionary = offset;
        continue;
      }
      if (first + count > found.length) break;
      for (let i = 0; i < count; i++, row++) {
        const texts = textsOf(found[first + i], classNames, row);
        if (options.severalLabels || texts.length === 1) {
          index.add(`row ${row}`, texts, offset, i, dictionary);
        } else if (texts.length === 0) {
          index.passOver("row without a label");
        } else {
          throw new InputError(
            `row ${row} has ${texts.length} labels, expected one; several need severalLabels: true`,
          );
        }
      }
      first += count;
    }
    if (first !== Number(group.num_rows)) {
      throw new InputError("it is damaged: rows are missing; get a new copy");
    }
  }
  const { maxDefinition } = pictures;
  return { ...index.done(classNames), form: { codec: codec ?? "UNCOMPRESSED", maxDefinition } };
}

/** A file's metadata, stored after its data. */
function footerOf(file: FileWindow): FileMetaData {
  const end = file.at(Math.max(0, file.size - 8), 8).slice();
  const magic = new TextDecoder().decode(end.subarray(4));
  if (magic === "PARE") throw new InputError("it is encrypted; expected a file without encryption");
  if (magic !== "PAR1") throw new InputError("not a Parquet file, or its end is missing");
  const length = new DataView(end.buffer).getUint32(0, true);
  if (length > file.size - 12 || length > MAX_FOOTER_BYTES) {
    throw new InputError(`it is damaged: a footer of ${formatCount(length)} bytes; get a new copy`);
  }
  return ofSound(() => {
    const footer = file.at(file.size - 8 - length, length + 8).slice();
    if (thriftEnd(footer.subarray(0, length)) === undefined) {
      throw new InputError("it is damaged: its footer is truncated; get a new copy");
    }
    const metadata = parquetMetadata(footer, { geoparquet: false });
    const names = [
      ...metadata.schema.map(({ name }) => name),
      ...metadata.row_groups.flatMap(({ columns }) =>
        columns.flatMap(({ meta_data: about }) => about ? about.path_in_schema : [])
      ),
    ];
    if (names.some((name) => typeof name !== "string")) {
      throw new InputError("it is damaged: columns without names; get a new copy");
    }
    const rows = metadata.row_groups.reduce((sum, { num_rows }) => sum + Number(num_rows), 0);
    if (rows * ROW_BYTES <= file.size) return metadata;
    throw new InputError(
      `it is damaged: ${formatCount(rows)} rows in ${formatCount(file.size)} bytes; get a new copy`,
    );
  });
}

/** A column of values, possibly nested. */
class Column implements Omit<ColumnForm, "codec"> {
  readonly name: string;
  readonly type: ColumnForm["type"];
  readonly typeLength?: number;
  readonly maxDefinition: number;
  readonly maxRepetition: number;

  constructor(tree: SchemaTree, private readonly path: readonly string[]) {
    const [, ...nodes] = ofSound(() => getTreePath(tree, [...path]));
    const elements = nodes.map(({ element }) => element);
    const { type, type_length: typeLength } = elements.at(-1)!;
    this.name = path[0];
    this.type = type!;
    if (typeLength !== undefined) this.typeLength = typeLength;
    const count = (isMeant: (type: string | undefined) => boolean) =>
      elements.filter(({ repetition_type }) => isMeant(repetition_type)).length;
    this.maxDefinition = count((type) => type !== "REQUIRED");
    this.maxRepetition = count((type) => type === "REPEATED");
    if (Math.max(this.maxDefinition, this.maxRepetition) > 255) {
      throw new InputError(`its column ${this.shown} is nested too deeply`);
    }
  }

  get shown(): string {
    return spellName(this.path.join("."));
  }

  /** Its part of a row group. */
  chunkIn({ columns }: RowGroup): ColumnMetaData {
    const wanted = this.path.join("\0");
    const found = columns.find((one) =>
      one.meta_data && one.meta_data.path_in_schema.join("\0") === wanted
    );
    if (found?.meta_data && !found.file_path) return found.meta_data;
    throw new InputError(`it is damaged: a row group without its column ${this.shown}`);
  }
}

/** The labels of a row group's rows: a list per row if the column contains lists. */
function labelsIn(file: FileWindow, group: RowGroup, column: Column): unknown[][] {
  const chunk = column.chunkIn(group);
  const form: ColumnForm = {
    type: column.type,
    codec: chunk.codec,
    typeLength: column.typeLength,
    maxDefinition: column.maxDefinition,
    maxRepetition: column.maxRepetition,
  };
  const rows: unknown[][] = [];
  const most = Number(group.num_rows);
  let dictionary: Values | undefined;
  for (const page of pagesOf(file, chunk)) {
    const bytes = file.at(page.dataOffset, page.size).slice();
    const { values, definition, repetition } = unpackPage(page, bytes, form, dictionary);
    if (page.isDictionary) {
      dictionary = values;
      continue;
    }
    for (let i = 0, value = 0; i < page.count; i++) {
      if ((repetition?.[i] ?? 0) === 0) rows.push([]);
      if (rows.length === 0 || rows.length > most) {
        throw new InputError("it is damaged: more labels than rows; get a new copy");
      }
      if ((definition?.[i] ?? form.maxDefinition) === form.maxDefinition) {
        rows[rows.length - 1].push(values[value++]);
      }
    }
  }
  return rows;
}

/** Labels as text. */
function textsOf(
  labels: readonly unknown[],
  classNames: readonly string[] | undefined,
  row: number,
): readonly string[] {
  return labels.map((label) => {
    const value = label instanceof Uint8Array ? new TextDecoder().decode(label) : label;
    if (typeof value === "string") return value;
    const number = Number(value);
    if (!Number.isSafeInteger(number) || typeof value === "boolean") {
      throw new InputError(`row ${row} has the label ${value}; expected an integer or text`);
    }
    // Hugging Face's datasets mark a missing label this way.
    if (number === -1) return undefined;
    if (!classNames) return String(number);
    if (number >= 0 && number < classNames.length) return classNames[number];
    throw new InputError(
      `row ${row} has the label ${number}; expected 0 to ${classNames.length - 1}`,
    );
  }).filter((text) => text !== undefined);
}

/** The path of the image values. */
function pictureColumn(
  tree: SchemaTree,
  features: Features,
  { picture }: ShardOptions,
): readonly string[] {
  const said = [...features].flatMap(([name, { isImage }]) => isImage ? name : []);
  const holdsBytes = ({ element, children }: SchemaTree) =>
    element.type === "BYTE_ARRAY" || children.some((child) => child.element.name === "bytes");
  const likely = PICTURE_NAMES.filter((name) =>
    tree.children.some((child) => child.element.name === name && holdsBytes(child))
  );
  const name = chosen(tree, "picture", picture, said.length > 0 ? said : likely.slice(0, 1));
  const node = tree.children.find(({ element }) => element.name === name)!;
  if (!holdsBytes(node)) {
    throw new InputError(
      `its column ${spellName(name)} contains no files; name another with picture`,
    );
  }
  return node.children.length > 0 ? [name, "bytes"] : [name];
}

/** The path of the label values. */
function labelColumn(
  tree: SchemaTree,
  features: Features,
  { label }: ShardOptions,
): readonly string[] {
  const said = [...features].flatMap(([name, { classNames }]) => classNames ? name : []);
  const likely = LABEL_NAMES.filter((name) =>
    tree.children.some(({ element }) => element.name === name)
  );
  const name = chosen(tree, "label", label, said.length > 0 ? said : likely.slice(0, 1));
  const path = [name];
  let node = tree.children.find(({ element }) => element.name === name)!;
  // A list is a nested column.
  while (node.children.length === 1) {
    [node] = node.children;
    path.push(node.element.name);
  }
  if (node.children.length === 0) return path;
  throw new InputError(`its column ${spellName(name)} contains no labels; name another with label`);
}

/** The named column, or the only possible one. */
function chosen(
  tree: SchemaTree,
  option: string,
  named: string | undefined,
  candidates: readonly string[],
): string {
  const names = tree.children.map(({ element }) => element.name);
  const wanted = named === undefined ? candidates : [named];
  const found = wanted.filter((name) => names.includes(name));
  if (found.length === 1) return found[0];
  const listed = someOf((found.length > 1 ? found : names).map(spellName), 20);
  if (named !== undefined) {
    throw new InputError(`it has no column ${spellName(named)}; it has ${listed}`, {
      at: [option],
    });
  }
  throw new InputError(
    `several columns could be the ${option}; choose one with ${option}: ${listed}`,
    { at: [option] },
  );
}
