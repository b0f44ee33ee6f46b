/** Draws text in images: capitals, digits and a few signs, five pixels high. */
import type { Raster } from "../files/raster.ts";

/** Rows of a letter. */
export const LETTER_HEIGHT = 5;

/** Letters by rows, left to right; those of `M`, `N` and `W` are wider. */
const LETTERS: Readonly<Record<string, string>> = {
  A: ".#. #.# ### #.# #.#",
  B: "##. #.# ##. #.# ##.",
  C: ".## #.. #.. #.. .##",
  D: "##. #.# #.# #.# ##.",
  E: "### #.. ##. #.. ###",
  F: "### #.. ##. #.. #..",
  G: ".## #.. #.# #.# .##",
  H: "#.# #.# ### #.# #.#",
  I: "# # # # #",
  J: "..# ..# ..# #.# .#.",
  K: "#.# #.# ##. #.# #.#",
  L: "#.. #.. #.. #.. ###",
  M: "#...# ##.## #.#.# #...# #...#",
  N: "#..# ##.# #.## #..# #..#",
  O: ".#. #.# #.# #.# .#.",
  P: "##. #.# ##. #.. #..",
  Q: ".#. #.# #.# ##. .##",
  R: "##. #.# ##. #.# #.#",
  S: ".## #.. .#. ..# ##.",
  T: "### .#. .#. .#. .#.",
  U: "#.# #.# #.# #.# ###",
  V: "#.# #.# #.# #.# .#.",
  W: "#...# #...# #.#.# ##.## #...#",
  X: "#.# #.# .#. #.# #.#",
  Y: "#.# #.# .#. .#. .#.",
  Z: "### ..# .#. #.. ###",
  0: "### #.# #.# #.# ###",
  1: ".# ## .# .# .#",
  2: "##. ..# .#. #.. ###",
  3: "##. ..# .#. ..# ##.",
  4: "#.# #.# ### ..# ..#",
  5: "### #.. ##. ..# ##.",
  6: ".## #.. ##. #.# .#.",
  7: "### ..# .#. .#. .#.",
  8: ".#. #.# .#. #.# .#.",
  9: ".#. #.# .## ..# ##.",
  " ": ".. .. .. .. ..",
  "-": ".. .. ## .. ..",
  "_": "... ... ... ... ###",
  ".": ". . . . #",
  ",": ".. .. .. .# #.",
  ":": ". # . # .",
  "'": "# # . . .",
  "%": "#.# ..# .#. #.. #.#",
  "/": "..# ..# .#. #.. #..",
  "(": ".# #. #. #. .#",
  ")": "#. .# .# .# #.",
  "+": "... .#. ### .#. ...",
  "&": ".#. #.# .#. #.# .##",
};

/** Replaces a letter that is missing. */
const OTHER = "### #.# #.# #.# ###";

/**
 * Draws a text in black into an image, its upper left corner at `left`, `top`, each pixel of a letter
 * `scale` pixels wide and high. Whatever does not fit in the row is left out, and so are diacritics.
 */
export function write(
  picture: Raster,
  text: string,
  { left, top, scale }: { readonly left: number; readonly top: number; readonly scale: number },
): void {
  const plain = text.normalize("NFD").replaceAll(/\p{M}/gu, "").toUpperCase();
  let x = left;
  for (const letter of plain) {
    const rows = (LETTERS[letter] ?? OTHER).split(" ");
    const width = rows[0].length;
    if (x + width * scale > picture.width) return;
    rows.forEach((row, y) =>
      [...row].forEach((sign, column) => {
        if (sign === "#") fillSquare(picture, x + column * scale, top + y * scale, scale);
      })
    );
    x += (width + 1) * scale;
  }
}

function fillSquare({ width, channels, data }: Raster, left: number, top: number, side: number) {
  for (let y = top; y < top + side; y++) {
    data.fill(0, (y * width + left) * channels, (y * width + left + side) * channels);
  }
}
