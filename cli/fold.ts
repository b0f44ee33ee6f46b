/** `overfold fold`: from a checkpoint to the plain network that ships. */

import { basename, dirname, join } from "@std/path";
import { openBackend } from "../backends/registry.ts";
import { type Checkpoint, readCheckpoint } from "../checkpoints/checkpoint.ts";
import { foldCheckpoint } from "../checkpoints/fold_checkpoint.ts";
import { parseConfig } from "../config/load.ts";
import { imageSize } from "../datasets/dataset.ts";
import { UserError } from "../errors.ts";
import { RandomStream, STREAM } from "../graph/random.ts";
import { formatCount, formatPercent } from "../reporting/format.ts";
import type { Command, Context } from "./command.ts";
import { loadImages } from "./prepare.ts";

/** Images on which the folded network is compared with the trained one. */
const VERIFICATION_IMAGES = 256;

/** `fold CHECKPOINT`. */
export const command: Command = {
  positionals: [{
    name: "CHECKPOINT",
    help: "A checkpoint, such as runs/NAME/checkpoints/best.safetensors",
  }],
  options: {
    output: {
      value: "FILE",
      help: "Where the folded network goes; by default folded/NAME.safetensors in the run's folder",
    },
  },
  details:
    "Every over-parameterized kernel becomes the plain kernel it stands for. Tensors are named as in\n" +
    "a plain model's state dict, so they load into the same architecture elsewhere. The result is\n" +
    "compared with the trained network on the validation images, or on noise where the images are\n" +
    "not on this machine, and refused if a logit differs by more than 1e-4 of the largest.",
  async run(args, context) {
    const [path] = args.positionals;
    const checkpoint = await readCheckpoint(path);
    const output = args.text("output") ??
      join(dirname(dirname(path)), "folded", basename(path));
    const { pixels, kind } = await verificationImages(path, checkpoint, context);
    const backend = await openBackend();
    const verification = await foldCheckpoint(checkpoint, output, backend, pixels);
    const { maxAbsDifference, maxRelativeDifference, top1Agreement, count } = verification;
    context.print(
      `folded: ${output}\non ${formatCount(count)} ${kind} the largest difference of a logit is ` +
        `${maxAbsDifference.toExponential(1)} (${maxRelativeDifference.toExponential(1)} ` +
        `relative), top-1 agreement ${formatPercent(top1Agreement)}`,
    );
    context.emit({ maxAbsDifference, maxRelativeDifference, top1Agreement, output });
  },
};

/** The first validation images of the run if they are on this machine, else noise. */
async function verificationImages(
  path: string,
  { config, description: { input } }: Checkpoint,
  context: Context,
): Promise<{ pixels: Uint8Array; kind: string }> {
  try {
    const { data } = parseConfig(JSON.stringify(config), path);
    const { validation } = await loadImages(data, context, { download: false });
    const count = Math.min(VERIFICATION_IMAGES, validation.count);
    return {
      pixels: validation.images.subarray(0, count * imageSize(validation.imageShape)),
      kind: "validation images",
    };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const random = new RandomStream({ seed: 0, stream: STREAM.synthetic });
    const pixels = Uint8Array.from(
      { length: VERIFICATION_IMAGES * imageSize(input) },
      () => random.integer(256),
    );
    return { pixels, kind: "images of noise" };
  }
}
