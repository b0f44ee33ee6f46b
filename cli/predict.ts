/** `overfold predict`: names what pictures show. */

import { loadNetwork } from "../checkpoints/load.ts";
import { readImage } from "../files/images.ts";
import { formatPercent, formatTable } from "../reporting/format.ts";
import { backendOption, chosenBackend, openChosen } from "./backend.ts";
import type { Command } from "./command.ts";

/** Classes shown for an image. */
const TOP = 5;

/** `predict CHECKPOINT IMAGE…`. */
export const command: Command = {
  positionals: [
    { name: "CHECKPOINT", help: "A folded network, or a checkpoint" },
    { name: "IMAGE", help: "A PNG or JPEG picture", repeated: true },
  ],
  options: {
    // One picture is classified before a GPU's kernels are compiled.
    backend: backendOption("cpu"),
  },
  details:
    "A picture of another size is cut to the network's proportions around its centre and scaled.",
  async run(args, context) {
    const [path, ...images] = args.positionals;
    const { description: { input, classNames }, program } = await loadNetwork(path);
    const infer = program(1);
    const choice = chosenBackend(args, { backend: "cpu", threads: 1 });
    const executable = await (await openChosen(choice, context)).compile([infer]);
    try {
      for (const image of images) {
        const { logits } = await executable.run(infer.name, {
          pixels: await readImage(image, input),
        });
        const top = ranking(softmax(logits), classNames);
        context.print(image);
        context.print(formatTable(
          top.map(({ name, probability }) => [`  ${name}`, formatPercent(probability)]),
          ["left", "right"],
        ));
        context.emit({ image, predictions: top });
      }
    } finally {
      executable.dispose();
    }
  },
};

/** The most likely classes, the likeliest first. */
function ranking(
  probabilities: readonly number[],
  classNames: readonly string[],
): { name: string; probability: number }[] {
  return probabilities
    .map((probability, i) => ({ name: classNames[i] ?? String(i), probability }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, TOP);
}

function softmax(logits: Float32Array): number[] {
  const largest = logits.reduce((most, value) => Math.max(most, value), -Infinity);
  const powers = Array.from(logits, (value) => Math.exp(value - largest));
  const total = powers.reduce((sum, value) => sum + value, 0);
  return powers.map((value) => value / total);
}
