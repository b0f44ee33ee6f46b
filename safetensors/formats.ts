/** The `format` entries of a network's safetensors files, and advice for files of another format. */
import { InputError } from "../errors.ts";

/** `format` in the metadata of a checkpoint. */
export const CHECKPOINT_FORMAT = "overfold-checkpoint-1";

/** `format` in the metadata of a folded network. */
export const FOLDED_FORMAT = "overfold-folded-1";

/** An error: the file `path` has `format`, not the expected one; it says what to do. */
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
    return `its format ${JSON.stringify(format)} is from another version of Overfold; update it`;
  }
  return "it contains only weights; make a checkpoint of them with: overfold import FILE " +
    "--config CONFIG, or name them in a config: model.pretrained";
}
