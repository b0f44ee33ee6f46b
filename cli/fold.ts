/** `overfold fold`: converts a checkpoint to a plain network for deployment. */

import { basename } from "@std/path";
import { readCheckpoint, restoreModel } from "../checkpoints/checkpoint.ts";
import { foldCheckpoint } from "../checkpoints/fold_checkpoint.ts";
import { backendOption, chosenBackend, openChosen } from "./backend.ts";
import type { Command } from "./command.ts";
import { besideFolded, checkOutput } from "./output.ts";
import { describeVerification, verificationImages } from "./verification.ts";

export const command: Command = {
  positionals: [{
    name: "CHECKPOINT",
    help: "A checkpoint, such as runs/NAME/checkpoints/best.safetensors",
  }],
  options: {
    output: {
      value: "FILE",
      help: "The file to write; by default folded/NAME.safetensors in the run's folder",
    },
    backend: backendOption("auto"),
    "batch-norm": { help: "Also fold batch norms into the convolutions before them" },
  },
  details:
    "Every over-parameterized kernel becomes an equivalent plain kernel. Tensors are named as in a plain\n" +
    "model's state dict, so they load into the same architecture elsewhere; with --batch-norm, into one\n" +
    "without batch norms whose convolutions have biases, by default written to\n" +
    "folded/NAME-batch-norm.safetensors. The result is compared with the trained network on the\n" +
    "validation images, or on noise if the images are not on this machine, and rejected if a logit\n" +
    "differs by more than 1e-4 of the largest.",
  async run(args, context) {
    const [path] = args.positionals;
    const batchNorm = args.flag("batch-norm");
    const name = `${basename(path, ".safetensors")}${batchNorm ? "-batch-norm" : ""}.safetensors`;
    const output = args.text("output") ?? besideFolded(path, name);
    const checkpoint = await readCheckpoint(path);
    await checkOutput(output, [path], ".safetensors");
    restoreModel(checkpoint, path); // Rejects what cannot be folded before a backend is opened.
    const { pixels, kind } = await verificationImages(path, checkpoint, context);
    const backend = await openChosen(chosenBackend(args, {}), context);
    const verification = await foldCheckpoint(checkpoint, output, backend, pixels, { batchNorm });
    const { count: _, ...result } = verification;
    context.print(`folded: ${output}\n${describeVerification(verification, kind)}`);
    context.emit({ ...result, output });
  },
};
