/** Colours as people write them. */
import { type Colour, WHITE } from "./pixels.ts";

/** Names of colours; all others are written in hexadecimal digits. */
const COLOURS: Readonly<Record<string, Colour>> = {
  white: WHITE,
  grey: [128, 128, 128],
  black: [0, 0, 0],
};

/** What a ground may be, for a person. */
export const GROUNDS = `${Object.keys(COLOURS).join(", ")}, none or ` +
  "red, green and blue in hexadecimal, such as #ff8000";

/**
 * What transparent pixels lie on: a colour, or nothing for `none`. Undefined for a text that is
 * neither.
 */
export function parseGround(text: string): { readonly ground?: Colour } | undefined {
  if (text === "none") return {};
  if (Object.hasOwn(COLOURS, text)) return { ground: COLOURS[text] };
  const digits = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text);
  if (!digits) return undefined;
  const [red, green, blue] = digits.slice(1).map((hex) => parseInt(hex, 16));
  return { ground: [red, green, blue] };
}
