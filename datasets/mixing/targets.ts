/** Mixes the targets of mixed images. */
import { InputError } from "../../errors.ts";
import { sizeOf } from "../../graph/types.ts";
import { isClass, type TargetField } from "../image_source.ts";

/** The name of soft targets: f32 [classes], the weight of each class in an image. */
export const PROBABILITIES = "probabilities";

type Arrays = Readonly<Record<string, { readonly length: number; [index: number]: number }>>;

/** Soft targets of images of one class each. */
export function probabilities(classes: number): TargetField & { readonly dtype: "f32" } {
  return { dtype: "f32", shape: [classes], filling: 0 };
}

/**
 * The additional arrays of a batch of mixed images. Throws InputError for targets that cannot be mixed.
 */
export function mixedFields(
  targets: Readonly<Record<string, TargetField>>,
  classes: number,
): Readonly<Record<string, TargetField>> {
  for (const [name, field] of Object.entries(targets)) {
    if (isClass(field) || field.dtype === "f32") continue;
    throw new InputError(
      `images with ${name} (${field.dtype} [${
        field.shape.join(", ")
      }]) cannot be mixed; expected images of ` +
        "one class, or with one number per class",
    );
  }
  const hasClass = Object.values(targets).some(isClass);
  return hasClass ? { [PROBABILITIES]: probabilities(classes) } : {};
}

/** The partner of each image of a batch, and the weight of its own target. */
interface TargetMixture {
  partner(row: number): number;
  readonly shares: ArrayLike<number>;
  /** Images in the batch. */
  readonly count: number;
}

/**
 * Mixes the targets of a batch, which initially are its images' own. A class becomes
 * {@link PROBABILITIES}, and the class of the larger weight stays the image's class. Numbers are mixed in
 * place; if one of the two is unknown, that is negative, so is the mixture.
 */
export function mixTargets(
  batch: Arrays,
  fields: Readonly<Record<string, TargetField>>,
  mixture: TargetMixture,
): void {
  for (const [name, field] of Object.entries(fields)) {
    if (isClass(field)) mixClasses(batch[name], batch[PROBABILITIES], mixture);
    else mixNumbers(batch[name], sizeOf(field.shape), mixture);
  }
}

function mixClasses(
  labels: Arrays[string],
  into: Arrays[string],
  { partner, shares, count }: TargetMixture,
): void {
  const classes = into.length / labels.length;
  const own = Array.from({ length: count }, (_, row) => labels[row]);
  for (let i = 0; i < into.length; i++) into[i] = 0;
  own.forEach((label, row) => {
    const other = own[partner(row)];
    into[row * classes + label] += shares[row];
    into[row * classes + other] += 1 - shares[row];
    if (shares[row] < 0.5) labels[row] = other;
  });
}

function mixNumbers(
  values: Arrays[string],
  width: number,
  { partner, shares, count }: TargetMixture,
): void {
  const own = Array.from({ length: count * width }, (_, i) => values[i]);
  own.forEach((value, i) => {
    const row = Math.floor(i / width);
    const share = shares[row];
    const other = own[partner(row) * width + i % width];
    if (share === 1) return;
    const isKnown = value >= 0 && other >= 0;
    values[i] = isKnown ? share * value + (1 - share) * other : Math.min(value, other);
  });
}
