/** Reads a config: YAML text, overrides, validation with every mistake reported at once. */

import { basename, extname } from "@std/path";
import { stringify } from "yaml";
import { InputError } from "../errors.ts";
import { otherKind } from "../files/kind_of_file.ts";
import { readWanted } from "../files/read_wanted.ts";
import { decodeText } from "../files/text.ts";
import { type Mapping, moveFormerKeys, otherForms } from "./former_keys.ts";
import { isName, nodeAt, type ValuePath } from "../schema/json.ts";
import { type Mistake, mistakesOf } from "../schema/mistakes.ts";
import { configJsonSchema } from "./json_schema.ts";
import { type Config, configSchema } from "./schema.ts";
import { ConfigSource } from "./source.ts";
import { MAX_BYTES, requireModestText } from "./yaml.ts";

/** What a config says of where images are fetched from, and of what is taken for them. */
const FETCHING = ["data.mirror", "data.checksums"];

/** How a config is read. */
interface LoadOptions {
  /** Overrides `key.path=value`, the value in YAML; `null` removes the key. */
  set?: readonly string[];
  /** Receives a line for each place to which former keys were moved: where they are, what to write. */
  onHint?(line: string): void;
  /**
   * Whether no person has named it: it came with a network, from who knows whom. What it says of
   * where to fetch from, and of the checksums of what comes, is left out; `set` may say it.
   */
  isForeign?: boolean;
}

/** A config that was read, and where its keys stand. */
export interface ConfigFile {
  /** The config, every default filled in. */
  readonly config: Config;
  /**
   * Runs `work` on the value of a key, such as `data.subset.train`. InputErrors that come of it, or
   * of the promise it returns, then begin with where the key stands, or the part of its value that
   * the error says.
   */
  at<T>(key: string, work: () => T): T;
}

/**
 * The config in the file `path`. Throws InputError with all mistakes, one
 * a line, each with file, line and column (or the override), what was found and what was expected.
 */
export async function loadConfig(path: string, options: LoadOptions = {}): Promise<ConfigFile> {
  return parseConfig(await readText(path), path, options);
}

/**
 * As {@link loadConfig}, for a text already read, or a config that is stored as plain data, of which
 * there are no hints; `file` is its name in errors.
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
  const named = { name: runName(file), ...withoutExtras(value) };
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

/** The name that a value at a path is, of what could also have options; what is missing has a default. */
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

/** What a config's keys say, without those that are there for their anchors: `x-…`. */
function withoutExtras(config: Mapping): Mapping {
  return Object.fromEntries(Object.entries(config).filter(([key]) => !key.startsWith("x-")));
}

/** Keys and texts with control characters: where they are told, they would begin lines of their own. */
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
  // One byte more than may be there: a file can be longer than it says, or have no end.
  const bytes = await readWanted(path, "config", MAX_BYTES + 1);
  const other = otherKind(path, bytes, "config");
  if (other) throw other;
  requireModestText(bytes.length, path);
  return decodeText(bytes, path, "a config in YAML");
}
