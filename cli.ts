/**
 * The command line: finds the command, parses its arguments, runs it, and converts errors to a message
 * and an exit code.
 */

import {
  columns,
  type Command,
  commandHelp,
  type Context,
  parseArguments,
  UsageError,
} from "./cli/command.ts";
import { suggestion } from "./schema/nearest.ts";
import manifest from "./deno.json" with { type: "json" };
import { reportError } from "./cli/report_error.ts";
import { EXIT, RunError } from "./errors.ts";
import { refusalOf } from "./files/refusal.ts";
import { spellControls } from "./reporting/controls.ts";
import { Progress, type ProgressTarget, standardError } from "./reporting/progress.ts";

/** A line of {@link COMMANDS}. */
interface CommandEntry {
  name: string;
  /** One line, without a full stop. */
  summary: string;
}

/** All commands, in the order of the help. A new one is a file `cli/NAME.ts` and an entry here. */
export const COMMANDS: readonly CommandEntry[] = [
  { name: "init", summary: "Write a commented config to start from, or one for your images" },
  { name: "train", summary: "Train the network in a config and fold it" },
  { name: "train:mpi", summary: "Train on several machines, as processes started by MPI" },
  { name: "compare", summary: "Train variants of a config with the same seeds and compare them" },
  { name: "eval", summary: "Measure the loss and accuracy of a checkpoint or folded network" },
  { name: "find-lr", summary: "Try learning rates and suggest one" },
  { name: "calibrate", summary: "Fit a folded network's probabilities to its accuracy" },
  { name: "fold", summary: "Fold a checkpoint into a plain network for deployment, and verify it" },
  {
    name: "export",
    summary: "Convert a network to ONNX or to the DO-Conv authors' layers",
  },
  { name: "import", summary: "Create a checkpoint from weights trained elsewhere" },
  { name: "report", summary: "Write a web page about runs: curves, classes, mistakes, kernels" },
  { name: "dashboard", summary: "Serve a web page that shows runs live" },
  { name: "site", summary: "Write a web page that runs a network in the browser" },
  { name: "predict", summary: "Classify images" },
  { name: "inspect", summary: "Show the layers, sizes and memory of a network" },
  { name: "bench", summary: "Measure how fast a config trains on this machine" },
  { name: "kernel", summary: "Run, check and time one op's kernels on random data" },
  { name: "tune", summary: "Find the fastest WebGPU kernels for a config on this adapter" },
  { name: "datasets", summary: "List the datasets, download one, or check your own images" },
  { name: "fetch", summary: "Cache the libraries of all commands for use without a network" },
  { name: "doctor", summary: "Check this machine and explain how to fix what is missing" },
];

/** Where the command line writes. */
interface Streams {
  /** Writes text to standard output as it is. */
  out(text: string): void;
  /** Standard error. */
  error: ProgressTarget;
}

/**
 * Runs `overfold ARGS…` and returns its exit code.
 *
 * @param call what the user types to call the command. Default: `overfold` and its name
 */
export async function main(
  args: readonly string[],
  streams: Streams = processStreams(),
  call?: string,
): Promise<number> {
  const progress = new Progress(streams.error);
  try {
    return await dispatch(args, streams, progress, call);
  } catch (thrown) {
    return reportError(thrown, progress);
  }
}

async function dispatch(
  args: readonly string[],
  streams: Streams,
  progress: Progress,
  call: string | undefined,
): Promise<number> {
  const [first, ...rest] = args;
  if (first === undefined || first === "--help" || first === "-h") {
    streams.out(`${overview()}\n`);
    return EXIT.success;
  }
  if (first === "--version" || first === "-V") {
    streams.out(`overfold ${manifest.version}\n`);
    return EXIT.success;
  }
  if (first === "help") return await dispatch([...rest, "--help"], streams, progress, call);
  const entry = COMMANDS.find(({ name }) => name === first);
  if (!entry) {
    const kind = first.startsWith("-") ? "option" : "command";
    throw new UsageError(
      `unknown ${kind} "${first}"${
        suggestion(first, COMMANDS.map(({ name }) => name), "commands")
      }`,
    );
  }
  const command = await loadCommand(entry.name);
  const parsed = parseArguments(entry.name, command, rest);
  if (parsed.flag("help")) {
    streams.out(`${commandHelp(entry.name, entry.summary, command)}\n`);
    return EXIT.success;
  }
  const json = parsed.flag("json");
  const context: Context = {
    call: call ?? `overfold ${entry.name}`,
    json,
    print: (line) => json || streams.out(`${spellControls(line)}\n`),
    emit: (record) => json && streams.out(`${spellControls(JSON.stringify(record))}\n`),
    progress,
    loadCommands: async () => {
      for (const { name } of COMMANDS) await loadCommand(name);
    },
  };
  const code = await command.run(parsed, context);
  progress.finish();
  return code ?? EXIT.success;
}

/**
 * Loads the file of a command. Its address is computed so that Deno cannot see it ahead of time:
 * otherwise it would fetch the libraries of all commands before it runs one.
 */
async function loadCommand(name: string): Promise<Command> {
  const file = `./cli/${name.replace(":", "_")}.ts`;
  const { command } = await import(new URL(file, import.meta.url).href);
  return command;
}

function overview(): string {
  return [
    "Overfold trains over-parameterized convolutional networks and folds them flat.",
    "Usage: overfold COMMAND [ARGUMENTS]",
    `Commands:\n${columns(COMMANDS.map(({ name, summary }) => [name, summary]))}`,
    "`overfold COMMAND --help` explains a command; `overfold --version` prints the version.",
  ].join("\n\n");
}

function processStreams(): Streams {
  return {
    out: (text) => {
      const bytes = new TextEncoder().encode(text);
      try {
        for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
      } catch (error) {
        const refusal = refusalOf(error);
        // The reader closed the pipe itself.
        if (refusal === undefined || error instanceof Deno.errors.BrokenPipe) throw error;
        throw new RunError(`standard output: ${refusal}`, { cause: error });
      }
    },
    error: standardError(),
  };
}

if (import.meta.main) Deno.exit(await main(Deno.args));
