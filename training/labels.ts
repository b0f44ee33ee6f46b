/** Whether images can be told apart by a network at all. */
import type { ImageSource } from "../datasets/image_source.ts";
import { InputError } from "../errors.ts";

/** Throws InputError for images without labels and one whose label is none of a network's classes. */
export function requireLabels({ targets }: ImageSource, classes: number): void {
  if (!targets.labels) {
    throw new InputError(`the images have no labels but ${Object.keys(targets).join(", ")}`);
  }
  const labels = targets.labels.data as Int32Array;
  const image = labels.findIndex((label) => label < 0 || label >= classes);
  if (image < 0) return;
  throw new InputError(
    `image ${image} has the label ${labels[image]}; expected 0 to ${classes - 1}, as the network ` +
      `tells ${classes} classes apart`,
  );
}
