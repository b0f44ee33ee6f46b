/** Hugging Face's metadata about the columns of a Parquet file: which are images and classes. */
import type { FileMetaData } from "npm:hyparquet@1.33.0";
import { isRecord } from "../../schema/record.ts";

/** Metadata of a column. */
interface Feature {
  readonly isImage: boolean;
  /** Class names in the order of their numbers, for a column of classes or of lists of classes. */
  readonly classNames?: readonly string[];
}

/** By the names of the columns. */
export type Features = ReadonlyMap<string, Feature>;

/** A file's metadata; empty if it was written by other programs or is malformed. */
export function featuresIn({ key_value_metadata: pairs = [] }: FileMetaData): Features {
  const text = pairs.find(({ key }) => key === "huggingface")?.value;
  const info = property(property(parsed(text), "info"), "features");
  if (!isRecord(info)) return new Map();
  return new Map(
    Object.entries(info).map(([name, feature]) => {
      const inner = property(feature, "feature") ?? (Array.isArray(feature) ? feature[0] : feature);
      const names = property(inner, "_type") === "ClassLabel"
        ? property(inner, "names")
        : undefined;
      const areNames = Array.isArray(names) && names.length >= 2 &&
        names.every((one) => typeof one === "string") && new Set(names).size === names.length;
      return [name, {
        isImage: property(feature, "_type") === "Image",
        ...(areNames ? { classNames: names } : {}),
      }];
    }),
  );
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return undefined;
  }
}

function property(value: unknown, name: string): unknown {
  return isRecord(value) && Object.hasOwn(value, name) ? value[name] : undefined;
}
