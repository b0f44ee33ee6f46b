/** How it is said what is wrong with a picture's file. */
import { InputError } from "../../errors.ts";
import { formatCount } from "../../reporting/format.ts";

/** What a damaged file is told by. */
export function damageOf(format: string, what: string): string {
  return `a damaged ${format} file: ${what}`;
}

/** A file of whose pixels nothing is left. */
export function ruined(format: string, what: string): InputError {
  return new InputError(`${damageOf(format, what)}; get it anew`);
}

/** A sound file that is made in a way that is not read. */
export function unknownKind(format: string, what: string): InputError {
  return new InputError(
    `a ${format} file of an unknown kind (${what}); save it as an ordinary PNG or JPEG`,
  );
}

/** That what was compressed cannot be unpacked, or unpacks to too little. */
export const [BROKEN, TOO_FEW] = [
  "its compressed pixels are broken",
  "there are too few pixels in it",
];

/** That a file ends before all of it has come. */
export function cutOff({ length }: Uint8Array): string {
  return `it is cut off at byte ${length}`;
}

/** That so few bytes cannot stand for so many pixels. */
export function cannotHold(bytes: number, width: number, height: number): string {
  return `its ${formatCount(bytes)} bytes cannot hold ${formatCount(width)} × ${
    formatCount(height)
  } pixels`;
}
