/** `overfold fold`: from a checkpoint to the plain network that ships. */

import { basename, dirname, join } from "@std/path";
import { readCheckpoint } from "../checkpoints/checkpoint.ts";
import { foldCheckpoint } from "../checkpoints/fold_checkpoint.ts";
import { backendOption, chosenBackend, openChosen } from "./backend.ts";
import type { Command } from "./command.ts";
import { describeVerification, verificationImages } from "./verification.ts";

/** `fold CHECKPOINT`. */
export const command: Command = {
  positionals: [{
    name: "CHECKPOINT",
    help: "A checkpoint, such as runs/NAME/checkpoints/best.safetensors",
  }],
  options: {
    output: {
      value: "FILE",
      help: "Where it goes; by default folded/NAME.safetensors in the run's folder",
    },
    backend: backendOption("auto"),
    "batch-norm": { help: "Fold batch norms into the convolutions before them too" },
  },
  details:
    "Every over-parameterized kernel becomes the plain kernel it stands for. Tensors are named as in\n" +
    "a plain model's state dict, so they load into the same architecture elsewhere; with --batch-norm\n" +
    "into one without batch norms whose convolutions have biases. The result is\n" +
    "compared with the trained network on the validation images, or on noise where the images are\n" +
    "not on this machine, and refused if a logit differs by more than 1e-4 of the largest.",
  async run(args, context) {
    const [path] = args.positionals;
    const checkpoint = await readCheckpoint(path);
    const output = args.text("output") ??
      join(dirname(dirname(path)), "folded", basename(path));
    const { pixels, kind } = await verificationImages(
      path,
      checkpoint.config,
      checkpoint.description,
      context,
    );
    const backend = await openChosen(chosenBackend(args, {}), context);
    const verification = await foldCheckpoint(checkpoint, output, backend, pixels, {
      batchNorm: args.flag("batch-norm"),
    });
    const { maxAbsDifference, maxRelativeDifference, top1Agreement } = verification;
    context.print(`folded: ${output}\n${describeVerification(verification, kind)}`);
    context.emit({ maxAbsDifference, maxRelativeDifference, top1Agreement, output });
  },
};
