/** Colours as users write them. */
import { type Colour, WHITE } from "./pixels.ts";

/** Named colours; all others are hexadecimal. */
const COLOURS: Readonly<Record<string, Colour>> = {
  white: WHITE,
  grey: [128, 128, 128],
  black: [0, 0, 0],
};

/** The backgrounds that users can name. */
export const GROUNDS = `${Object.keys(COLOURS).join(", ")}, none or ` +
  "red, green and blue in hexadecimal, such as #ff8000";

/** A background by name: a colour, nothing for `none`, or undefined for any other text. */
export function parseGround(text: string): { readonly ground?: Colour } | undefined {
  if (text === "none") return {};
  if (Object.hasOwn(COLOURS, text)) return { ground: COLOURS[text] };
  const digits = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text);
  if (!digits) return undefined;
  const [red, green, blue] = digits.slice(1).map((hex) => parseInt(hex, 16));
  return { ground: [red, green, blue] };
}
