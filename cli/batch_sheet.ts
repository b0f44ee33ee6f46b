/** Draws the images of a batch in one image, each with a caption. */
import { emptyRaster, type Raster } from "../files/raster.ts";
import { paste } from "./contact_sheet.ts";
import { LETTER_HEIGHT, write } from "./lettering.ts";

/** One image and its caption. */
export interface Tile {
  /** With 1 or 3 channels; all of the same size. */
  readonly picture: Raster;
  readonly lines: readonly string[];
}

/** Most images per row and per column. */
const MOST = 8;
/** Most images of a usual size. */
export const MAX_TILES = MOST * MOST;
/** Largest side of the sheet in pixels, unless one image is larger. */
const MAX_SIDE = 4096;
/** Images with a smaller side, in pixels, are enlarged. */
const MIN_SIDE = 96;
/** Pixels between images and at the margins. */
const GAP = 8;
const SCALE = 2;
const LINE = SCALE * (LETTER_HEIGHT + 2);

/** Draws the tiles that fit, on white, and returns their number. */
export function batchSheet(
  tiles: readonly Tile[],
): { readonly sheet: Raster; readonly drawn: number } {
  const [{ picture }] = tiles;
  const factor = Math.max(1, Math.floor(MIN_SIDE / Math.max(picture.height, picture.width)));
  const [width, height] = [factor * picture.width, factor * picture.height];
  const lines = Math.max(...tiles.map(({ lines }) => lines.length));
  const [across, down] = [width + GAP, height + GAP + LINE * lines];
  const fitting = (size: number) => Math.max(1, Math.min(MOST, Math.floor(MAX_SIDE / size)));
  const columns = Math.min(fitting(across), Math.ceil(Math.sqrt(tiles.length)));
  const drawn = Math.min(tiles.length, columns * fitting(down));
  const sheet = emptyRaster(Math.ceil(drawn / columns) * down + GAP, columns * across + GAP, 3);
  sheet.data.fill(255);
  tiles.slice(0, drawn).forEach(({ picture, lines }, i) => {
    const [left, top] = [GAP + i % columns * across, GAP + Math.floor(i / columns) * down];
    paste(sheet, enlarged(picture, factor), left, top);
    const text = emptyRaster(LINE * lines.length, width, 3);
    text.data.fill(255);
    lines.forEach((line, k) => write(text, line, { left: 0, top: LINE * k + SCALE, scale: SCALE }));
    paste(sheet, text, left, top + height);
  });
  return { sheet, drawn };
}

/** Converts to three channels, each pixel `factor` pixels wide and high. */
function enlarged({ height, width, channels, data }: Raster, factor: number): Raster {
  const result = emptyRaster(factor * height, factor * width, 3);
  for (let y = 0, to = 0; y < result.height; y++) {
    for (let x = 0; x < result.width; x++) {
      const from = (Math.floor(y / factor) * width + Math.floor(x / factor)) * channels;
      for (let c = 0; c < 3; c++) result.data[to++] = data[from + Math.min(c, channels - 1)];
    }
  }
  return result;
}
