/** Messages about problems with image files. */
import { InputError } from "../../errors.ts";
import { formatCount } from "../../reporting/format.ts";

/** Describes a damaged file. */
export function damageOf(format: string, what: string): string {
  return `a damaged ${format} file: ${what}`;
}

/** The error for a file of which no pixels can be decoded. */
export function ruined(format: string, what: string): InputError {
  return new InputError(`${damageOf(format, what)}; get a new copy`);
}

/** The error for a valid file of an unsupported kind. */
export function unknownKind(format: string, what: string): InputError {
  return new InputError(
    `a ${format} file of an unsupported kind (${what}); save it as an ordinary PNG or JPEG`,
  );
}

/** Compressed data that cannot be unpacked, or that unpacks to too little. */
export const [BROKEN, TOO_FEW] = [
  "its compressed pixels are corrupt",
  "it contains too few pixels",
];

/** A file that ends early. */
export function cutOff({ length }: Uint8Array): string {
  return `it is truncated at byte ${length}`;
}

/** A file with too few bytes for its number of pixels. */
export function cannotHold(bytes: number, width: number, height: number): string {
  return `its ${formatCount(bytes)} bytes cannot hold ${formatCount(width)} × ${
    formatCount(height)
  } pixels`;
}
