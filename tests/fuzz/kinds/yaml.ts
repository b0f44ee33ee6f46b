import { parse, stringify } from "yaml";
import { configTemplate } from "../../../cli/init.ts";
import type { RandomStream } from "../../../graph/random.ts";
import { pick } from "../../support/pick.ts";
import { commandLine } from "../command_line.ts";
import { mutateJson } from "../json.ts";
import type { Kind } from "../kind.ts";
import { tinyNetworks } from "../networks.ts";

/** Configs. */
export const yaml: Kind = {
  file: "config.yaml",
  samples: () =>
    [
      configTemplate().replace("backend: auto", "backend: cpu"),
      ANCHORS,
      ...tinyNetworks().map(
        ({ config }) => stringify(config),
      ),
    ].map((text) => new TextEncoder().encode(text)),
  mutate(sound, random) {
    const text = new TextDecoder().decode(sound);
    const mutated = random.integer(2)
      ? mutateLines(text, random)
      : stringify(mutateJson(parse(text, { merge: true }), random));
    return new TextEncoder().encode(mutated);
  },
  async read(path) {
    await commandLine("inspect", path);
  },
};

const ANCHORS = `\
backend: cpu
data: &data
  dataset: { name: synthetic, classes: 3, imageSize: 6, channels: 1, trainCount: 8, testCount: 4 }
  batchSize: &size 4
  evalBatchSize: *size
model:
  layers:
    - conv2d: &conv { outChannels: 2, kernelSize: 3 }
    - conv2d: { <<: *conv, padding: 1 }
    - flatten
    - linear: { outFeatures: 3 }
training: { epochs: 1, optimizer: { name: sgd, learningRate: 0.1 } }
`;

/** Tokens with a meaning in YAML, and values that no key expects. */
const TOKENS = [
  ...["*data", "*size", "*conv", "&data", "&a [*a]", "<<: *conv", "<<: [*conv, *data]", "? a\n: b"],
  ...[
    "!!binary aGk=",
    "!!set {a}",
    "!x y",
    "|",
    ">-",
    "---",
    "...",
    "%YAML 1.1",
    "# x",
    "- ",
    "\t",
  ],
  ...[
    "null",
    "~",
    "-1",
    "0",
    "1e309",
    ".nan",
    ".inf",
    "0x7fffffff",
    "9007199254740993",
    "''",
    "[]",
  ],
  ...["{}", "yes", "2026-01-01", "\u001b[2J", "\u0000", "\u2028", "\ufeff", '"\\x1b"', "[[[[[[[["],
];

function mutateLines(text: string, random: RandomStream): string {
  const lines = text.split("\n");
  for (let times = 1 + random.integer(3); times > 0; times--) {
    const at = random.integer(lines.length);
    const line = lines[at];
    const [word = ""] = pick([[...line.matchAll(/[\w.]+|\S/g)], [["", ""]]], random).slice(-1);
    const token = pick(TOKENS, random);
    const edits = [
      () => lines.splice(at, 1),
      () => lines.splice(random.integer(lines.length), 0, line),
      () => lines.splice(at, 1, ` ${line}`),
      () => lines.splice(at, 1, line.slice(1)),
      () => lines.splice(at, 1, line.replace(/[^:]*$/, ` ${token}`)),
      () => lines.splice(at, 1, line.replace(String(word), token)),
      () => lines.splice(at, 0, token),
    ];
    pick(edits, random)();
  }
  return lines.join("\n");
}
