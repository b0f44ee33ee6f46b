/** What the safetensors files of a network say they are, and what to do with another one. */
import { InputError } from "../errors.ts";

/** `format` in the metadata of a checkpoint. */
export const CHECKPOINT_FORMAT = "overfold-checkpoint-1";

/** `format` in the metadata of a folded network. */
export const FOLDED_FORMAT = "overfold-folded-1";

/** That the file `path`, which says it is of `format`, is not what was wanted, and what to do. */
export function otherFormat(path: string, format: string | undefined, unlike: string): InputError {
  return new InputError(`${path}: ${unlike}: ${found(path, format)}`);
}

function found(path: string, format: string | undefined): string {
  if (format === CHECKPOINT_FORMAT) {
    return "it is a checkpoint; fold it with: overfold fold CHECKPOINT";
  }
  if (format === FOLDED_FORMAT) {
    const run = /^(.+)[/\\]folded[/\\][^/\\]+$/.exec(path)?.[1] ?? "RUN";
    return `it is a folded network; the checkpoints of its run are in ${run}/checkpoints/`;
  }
  if (format?.startsWith("overfold-")) {
    return `its format ${JSON.stringify(format)} is of another version of Overfold; update it`;
  }
  return "it holds weights alone; make a checkpoint of them with: overfold import FILE " +
    "--config CONFIG, or name them in a config: model.pretrained";
}
