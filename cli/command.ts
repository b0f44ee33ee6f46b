/** The definition of a command, and how its arguments are parsed and explained. */

import { parseArgs } from "node:util";
import { warnRenamed } from "../schema/former_names.ts";
import { suggestion } from "../schema/nearest.ts";
import { InputError } from "../errors.ts";
import { fromHome } from "../files/home.ts";
import type { Progress } from "../reporting/progress.ts";

/** An argument identified by its position. */
interface Positional {
  /** As shown in the usage line, in capitals. */
  name: string;
  help: string;
  optional?: boolean;
  /** Whether several are allowed; only for the last. */
  repeated?: boolean;
}

/** An argument identified by its name, `--name`. */
export interface Option {
  help: string;
  /** Placeholder for its value in the help; an option without one is a switch. */
  value?: string;
  /** Its one-letter form. */
  short?: string;
  /** A name that it had; it still works. */
  former?: string;
  repeated?: boolean;
}

/** For commands whose task may run native code: how to avoid it. */
export const howToDoWithoutNative = (command: string) =>
  `\`deno task ${command}:safe\` does the same without native code, in WebAssembly, more slowly.`;

/** The option `--set` of commands that read a config. */
export const setOption = (whose = "the config", example = "data.batchSize=64"): Option => ({
  value: "KEY=VALUE",
  repeated: true,
  help: `Override one key of ${whose}, such as ${example}`,
});

/** A mistake in the command line, which all ranks make that a launcher started with it. */
export class UsageError extends InputError {}

/** One command. A file in `cli/` exports it as `command`; `cli.ts` lists the file. */
export interface Command {
  positionals?: readonly Positional[];
  options?: Readonly<Record<string, Option>>;
  /** Paragraphs below the options in the help, such as examples. */
  details?: string;
  /**
   * Does the work and returns the exit code; undefined means success. Mistakes of the user are thrown as
   * UserError.
   */
  run(args: Arguments, context: Context): Promise<number | void>;
}

/** Output of a command: results go to standard output, progress to standard error. */
export interface Context {
  /** How the user called the command: `overfold train`, or `deno task train:safe`. */
  readonly call: string;
  /** Whether `--json` was given: the output then consists of JSON objects only, one per line. */
  readonly json: boolean;
  /** Prints a line of the result as text. Nothing with `--json`. */
  print(line: string): void;
  /** Prints one result as a JSON object. Nothing without `--json`. */
  emit(record: Readonly<Record<string, unknown>>): void;
  /** A progress line on standard error. */
  readonly progress: Progress;
  /** Loads the modules of all commands, with the libraries they import. */
  loadCommands(): Promise<void>;
}

/** The parsed arguments of a call. */
export class Arguments {
  constructor(
    /** In the order given. */
    readonly positionals: readonly string[],
    private readonly options: Readonly<
      Record<string, string | boolean | (string | boolean)[] | undefined>
    >,
  ) {}

  /** The value of an option, if it was given. */
  text(name: string): string | undefined {
    const value = this.options[name];
    return typeof value === "string" ? value : undefined;
  }

  /** All values of a repeated option. */
  texts(name: string): string[] {
    const value = this.options[name];
    return Array.isArray(value) ? value.map(String) : [];
  }

  /** Whether a switch was given. */
  flag(name: string): boolean {
    return this.options[name] === true;
  }

  /** The value of an option that must be one of some words. Throws UsageError for another. */
  choice<T extends string>(name: string, words: readonly T[]): T | undefined {
    const text = this.text(name);
    const word = words.find((known) => known === text);
    if (text === undefined || word !== undefined) return word;
    const expected = words.length === 2 ? words.join(" or ") : `one of ${words.join(", ")}`;
    throw new UsageError(`--${name}: found "${text}", expected ${expected}`);
  }

  /** The value of an option as an integer of at least `minimum`. Throws UsageError for another. */
  integer(name: string, minimum = 1): number | undefined {
    return this.number(
      name,
      `an integer of at least ${minimum}`,
      (value) => Number.isSafeInteger(value) && value >= minimum,
    );
  }

  /** The value of an option as a number that `fits`. Throws UsageError for another. */
  number(name: string, expected: string, fits: (value: number) => boolean): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = text.trim() === "" ? NaN : Number(text);
    if (fits(value)) return value;
    throw new UsageError(`--${name}: found "${text}", expected ${expected}`);
  }
}

/** Placeholders of values that are paths. */
const PATHS = ["FILE", "DIR", "CHECKPOINT", "CONFIG", "TXT"];

const COMMON: Readonly<Record<string, Option>> = {
  json: { help: "Print results as JSON objects, one per line" },
  help: { short: "h", help: "Print this help" },
};

/**
 * Parses the arguments of `overfold NAME`; a path may begin with `~/`, which shells do not expand in
 * quotes and in `--output=~/x`. Throws UsageError for any that the command does not have.
 */
export function parseArguments(
  name: string,
  command: Command,
  args: readonly string[],
): Arguments {
  const options = Object.entries({ ...command.options, ...COMMON });
  const config = {
    args: args.map((text) => withPresentName(text, command.options)),
    allowPositionals: true,
    options: Object.fromEntries(options.map(([key, option]) => [key, {
      type: option.value === undefined ? "boolean" as const : "string" as const,
      ...(option.short ? { short: option.short } : {}),
      ...(option.repeated ? { multiple: true } : {}),
    }])),
  };
  const { tokens, ...parsed } = parseArgs({ ...config, strict: false, tokens: true });
  for (const token of tokens) {
    if (token.kind !== "option") continue;
    const { rawName, value, inlineValue } = token;
    const option = options.find(([key]) => key === token.name)?.[1];
    let mistake: string | undefined;
    if (!option) {
      const known = options.map(([key]) => `--${key}`);
      mistake = `unknown option ${rawName}${suggestion(rawName, known, "options")}`;
    } else if (option.value === undefined) {
      if (value !== undefined) mistake = `${rawName} takes no value`;
    } else if (value === undefined) {
      mistake = `${rawName} needs a value, ${option.value}`;
    } else if (!inlineValue && /^-./.test(value)) {
      mistake = `${rawName} needs a value, ${option.value}; if "${value}" is meant, write ` +
        `${rawName}=${value}`;
    }
    if (mistake !== undefined) throw new UsageError(`overfold ${name}: ${mistake}`);
  }
  for (const [key, value] of Object.entries(parsed.values)) {
    if ([value].flat().includes("")) {
      throw new UsageError(
        `--${key}: found an empty value, expected ${command.options?.[key].value}`,
      );
    }
  }
  if (!parsed.values.help) checkPositionals(name, command, parsed.positionals);
  const values = Object.entries(parsed.values).map(([key, value]) => {
    const isPath = PATHS.includes(command.options?.[key]?.value ?? "");
    const expand = (text: string | boolean) => isPath ? fromHome(String(text)) : text;
    return [key, Array.isArray(value) ? value.map(expand) : value && expand(value)];
  });
  return new Arguments(
    parsed.positionals.map((text) => fromHome(text)),
    Object.fromEntries(values),
  );
}

/** An argument with the present name of an option that is given by a former one. */
function withPresentName(text: string, options: Command["options"] = {}): string {
  const [name] = text.split("=", 1);
  const found = Object.entries(options).find(([, { former }]) => former && name === `--${former}`);
  if (!found) return text;
  const present = `--${found[0]}`;
  warnRenamed(name, present);
  return present + text.slice(name.length);
}

function checkPositionals(name: string, command: Command, found: readonly string[]): void {
  const wanted = command.positionals ?? [];
  const missing = wanted.find((positional, index) => !positional.optional && index >= found.length);
  const isExtra = found.length > wanted.length && !wanted.at(-1)?.repeated;
  if (!missing && !isExtra) return;
  const mistake = missing
    ? `${missing.name} is missing (${missing.help})`
    : `unexpected argument "${found[wanted.length]}"`;
  throw new UsageError(`overfold ${name}: ${mistake}
Usage: ${usage(name, command)}`);
}

/** The help of `overfold NAME`. */
export function commandHelp(name: string, summary: string, command: Command): string {
  const positionals = (command.positionals ?? []).map(({ name, help }) => [name, help] as const);
  const options = Object.entries({ ...command.options, ...COMMON }).map(([key, option]) => {
    const short = option.short ? `-${option.short}, ` : "    ";
    return [`${short}--${key}${option.value ? ` ${option.value}` : ""}`, option.help] as const;
  });
  const sections = [
    `${summary}.`,
    `Usage: ${usage(name, command)}`,
    ...(positionals.length > 0 ? [`Arguments:\n${columns(positionals)}`] : []),
    `Options:\n${columns(options)}`,
    ...(command.details ? [command.details.trim()] : []),
  ];
  return sections.join("\n\n");
}

/** Two columns, indented: a name and its explanation. */
export function columns(rows: readonly (readonly [string, string])[]): string {
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, help]) => `  ${name.padEnd(width)}  ${help}`).join("\n");
}

function usage(name: string, command: Command): string {
  const positionals = (command.positionals ?? []).map(({ name, optional, repeated }) => {
    const shown = repeated ? `${name}...` : name;
    return optional ? `[${shown}]` : shown;
  });
  return ["overfold", name, ...positionals, "[OPTIONS]"].join(" ");
}

/** Another command in the form in which the user typed `call`, such as `deno task init`. */
export function callOf(command: string, call: string): string {
  return call.replace(/\S+$/, command);
}

/** A word of a command line, in quotes if a shell would interpret it. */
export function shellQuoted(text: string): string {
  return /^[\w./=:@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
