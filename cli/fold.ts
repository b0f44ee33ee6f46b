/** `overfold fold`: from a checkpoint to the plain network that ships. */

import { basename } from "@std/path";
import { readCheckpoint, restoreModel } from "../checkpoints/checkpoint.ts";
import { foldCheckpoint } from "../checkpoints/fold_checkpoint.ts";
import { backendOption, chosenBackend, openChosen } from "./backend.ts";
import type { Command } from "./command.ts";
import { besideFolded, checkOutput } from "./output.ts";
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
    "into one without batch norms whose convolutions have biases, by default in\n" +
    "folded/NAME-batch-norm.safetensors. The result is compared with the trained network on the\n" +
    "validation images, or on noise where the images are not on this machine, and refused if a logit\n" +
    "differs by more than 1e-4 of the largest.",
  async run(args, context) {
    const [path] = args.positionals;
    const batchNorm = args.flag("batch-norm");
    const name = `${basename(path, ".safetensors")}${batchNorm ? "-batch-norm" : ""}.safetensors`;
    const output = args.text("output") ?? besideFolded(path, name);
    const checkpoint = await readCheckpoint(path);
    await checkOutput(output, [path], ".safetensors");
    restoreModel(checkpoint, path); // What cannot be folded is refused before a backend opens.
    const { pixels, kind } = await verificationImages(path, checkpoint, context);
    const backend = await openChosen(chosenBackend(args, {}), context);
    const verification = await foldCheckpoint(checkpoint, output, backend, pixels, { batchNorm });
    const { count: _, ...result } = verification;
    context.print(`folded: ${output}\n${describeVerification(verification, kind)}`);
    context.emit({ ...result, output });
  },
};
