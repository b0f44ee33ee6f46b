/** Reads a config: YAML text, overrides, validation with every mistake reported at once. */

import { basename, extname } from "@std/path";
import { stringify } from "yaml";
import { InputError } from "../errors.ts";
import { otherKind } from "../files/kind_of_file.ts";
import { readWanted } from "../files/read_wanted.ts";
import { decodeText } from "../files/text.ts";
import { type Mapping, moveFormerKeys, otherForms } from "./former_keys.ts";
import type { Mistake } from "../schema/describe.ts";
import { isName, nodeAt, type ValuePath } from "../schema/json.ts";
import { mistakesOf } from "../schema/mistakes.ts";
import { configJsonSchema } from "./json_schema.ts";
import { type Config, configSchema } from "./schema.ts";
import { ConfigSource } from "./source.ts";
import { MAX_BYTES, requireModestText } from "./yaml.ts";

/** The keys that decide where images are fetched from and which checksums are accepted. */
const FETCHING = ["data.mirror", "data.checksums"];

interface LoadOptions {
  /** Overrides `key.path=value`, the value in YAML; `null` removes the key. */
  set?: readonly string[];
  /** Receives one line for each former key: its place and what to write instead. */
  onHint?(line: string): void;
  /**
   * Whether it came with a network of unknown origin, so that no user chose it. Its keys about
   * download addresses and checksums are left out; `set` may set them.
   */
  isForeign?: boolean;
}

/** A config that was read, and the places of its keys. */
export interface ConfigFile {
  /** The config, every default filled in. */
  readonly config: Config;
  /**
   * Runs `work` on the value of a key, such as `data.subset.train`. InputErrors that it throws, or
   * its promise rejects with, then begin with the place of the key, or of the part of its value
   * that the error names.
   */
  at<T>(key: string, work: () => T): T;
}

/**
 * The config in the file `path`. Throws InputError with all mistakes, one per line, each with file,
 * line and column (or the override), what was found and what was expected.
 */
export async function loadConfig(path: string, options: LoadOptions = {}): Promise<ConfigFile> {
  return parseConfig(await readText(path), path, options);
}

/**
 * Like {@link loadConfig}, for a text already read or a config stored as plain data, which gives no
 * hints; `file` is its name in errors.
 */
export function parseConfig(text: unknown, file: string, options: LoadOptions = {}): ConfigFile {
  const source = new ConfigSource(text, file);
  if (source.value === null || source.value === undefined) {
    throw new InputError(
      `${file}:1:1 the file is empty; \`overfold init\` writes a config to start from`,
    );
  }
  if (typeof source.value !== "object" || Array.isArray(source.value)) {
    throw new InputError(`${file}:1:1 expected a mapping, as in \`data:\` with \`dataset: mnist\``);
  }
  if (options.isForeign) {
    for (const key of FETCHING.filter((key) => source.leaveOut(key.split(".")))) {
      options.onHint?.(
        `${file}: its config's ${key} is not followed; if you trust it, name it with --set or --config`,
      );
    }
  }
  for (const assignment of options.set ?? []) source.override(assignment, nameAt, otherForms);
  source.completeChoices((path) => nodeAt(configJsonSchema(), path)?.default);
  const value = source.value as Mapping;
  const former = moveFormerKeys(value);
  source.noteMoved(former.moved);
  // Keys for anchors, `x-…`, are not part of a config.
  const keys = Object.entries(value).filter(([key]) => !key.startsWith("x-"));
  const named = { name: runName(file), ...Object.fromEntries(keys) };
  const result = configSchema.safeParse(named);
  const mistakes = [...former.mistakes, ...controlsIn(named)];
  if (!result.success || mistakes.length > 0) {
    mistakes.push(...mistakesOf(configSchema, named, configJsonSchema()));
    throw new InputError(source.report(mistakes));
  }
  if (typeof text === "string" && former.hints.length > 0) {
    for (const line of source.report(former.hints).split("\n")) options.onHint?.(line);
  }
  return { config: result.data, at: (key, work) => located(source, key, work) };
}

/** The name at a path of something that could also have options; its default if it is missing. */
function nameAt(path: readonly string[], value: unknown): string | undefined {
  const root = configJsonSchema();
  const name = value === undefined ? nodeAt(root, path)?.default : value;
  return typeof name === "string" && isName(root, path, name) ? name : undefined;
}

/** The config that a checkpoint at `path` holds, with overrides. Throws as {@link loadConfig}. */
export function parseStored(
  config: unknown,
  path: string,
  options: LoadOptions = {},
): ConfigFile {
  return parseConfig(config, path, { ...options, isForeign: true });
}

/** Keys and texts with control characters, which would break the lines of messages. */
function controlsIn(value: unknown, path: ValuePath = []): Mistake[] {
  if (typeof value === "string") return controlIn(value, path, "value");
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [
    ...controlIn(key, [...path, key], "key"),
    ...controlsIn(inner, [...path, key]),
  ]);
}

function controlIn(text: string, path: ValuePath, part: Mistake["part"]): Mistake[] {
  if (!/\p{Cc}/u.test(text)) return [];
  return [{ path, part, text: "expected a text without control characters, such as line ends" }];
}

function located<T>(source: ConfigSource, key: string, work: () => T): T {
  const locate = (error: unknown): never => {
    if (!(error instanceof InputError)) throw error;
    const path = [...key.split("."), ...error.at ?? []];
    throw new InputError(source.report([{ path, part: "value", text: error.message }]), {
      cause: error,
    });
  };
  try {
    const result = work();
    return result instanceof Promise ? result.catch(locate) as T : result;
  } catch (error) {
    return locate(error);
  }
}

/** A config as YAML text; parsing it gives the same config again. */
export function formatConfig(config: Config): string {
  return stringify(config);
}

function runName(file: string): string {
  return basename(file, extname(file)).replaceAll(/[^\p{L}\p{N}._-]/gu, "_");
}

async function readText(path: string): Promise<string> {
  // One byte more than allowed: a file can be longer than its stated size, or endless.
  const bytes = await readWanted(path, "config", MAX_BYTES + 1);
  const other = otherKind(path, bytes, "config");
  if (other) throw other;
  requireModestText(bytes.length, path);
  return decodeText(bytes, path, "a config in YAML");
}
