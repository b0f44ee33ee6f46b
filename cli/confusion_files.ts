/** The files that `overfold eval --confusion` writes. */

import { extname } from "@std/path";
import { stringify } from "@std/csv";
import { InputError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { confusionPicture } from "./confusion_picture.ts";
import type { ConfusionMatrix } from "../training/confusion.ts";
import { checkOutput } from "./output.ts";

/**
 * Throws InputError for a file name of unknown format, a place that cannot be written, and for one of
 * `inputs`, which are read.
 */
export async function checkConfusionFiles(
  paths: readonly string[],
  inputs: readonly string[],
): Promise<void> {
  const unknown = paths.find((path) => ![".csv", ".html"].includes(extname(path)));
  if (unknown !== undefined) {
    throw new InputError(
      `--confusion: found "${unknown}", expected a name that ends in .csv or .html`,
    );
  }
  for (const path of paths) await checkOutput(path, inputs, extname(path));
}

/**
 * Writes a confusion matrix: as CSV with the predicted classes' names in the first row and the true
 * classes in the first column, or as a diagram in an HTML page.
 *
 * @param caption what was evaluated and the result, for the page
 */
export async function writeConfusion(
  path: string,
  matrix: ConfusionMatrix,
  caption: { readonly title: string; readonly result: string },
): Promise<void> {
  const { classNames, counts } = matrix;
  const text = extname(path) === ".html"
    ? confusionPicture(matrix, caption)
    : stringify([["class", ...classNames], ...counts.map((row, i) => [classNames[i], ...row])]);
  await writeFileAtomic(path, text);
}
