/** Whether images can be told apart by a network at all. */
import type { Split } from "../datasets/dataset.ts";
import { InputError } from "../errors.ts";

/** Throws InputError for an image whose label is none of a network's classes. */
export function requireLabels({ labels }: Split, classes: number): void {
  const image = labels.findIndex((label) => label < 0 || label >= classes);
  if (image < 0) return;
  throw new InputError(
    `image ${image} has the label ${labels[image]}; expected 0 to ${classes - 1}, as the network ` +
      `tells ${classes} classes apart`,
  );
}
