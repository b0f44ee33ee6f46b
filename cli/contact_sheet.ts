/** Sample images of each class in one image. */
import { emptyRaster, type Raster } from "../files/raster.ts";
import { LETTER_HEIGHT, write } from "./lettering.ts";

/** Side of each thumbnail, in pixels. */
export const THUMBNAIL_SIDE = 80;
/** Images per row. */
export const PER_ROW = 12;
/** Most classes that get a row: with more, the sheet becomes unreadable. */
export const MAX_ROWS = 100;

/** Pixels between images and at the margins. */
const GAP = 4;
const SCALE = 2;
const LABEL = SCALE * LETTER_HEIGHT + GAP;

interface SheetRow {
  readonly label: string;
  /** Of {@link THUMBNAIL_SIDE} and with 3 channels. */
  readonly pictures: readonly Raster[];
}

/** Draws the first {@link MAX_ROWS} rows, each with its label above it, on white. */
export function contactSheet(rows: readonly SheetRow[]): Raster {
  const shown = rows.slice(0, MAX_ROWS);
  const rowHeight = LABEL + THUMBNAIL_SIDE + 2 * GAP;
  const sheet = emptyRaster(
    GAP + shown.length * rowHeight,
    GAP + PER_ROW * (THUMBNAIL_SIDE + GAP),
    3,
  );
  sheet.data.fill(255);
  shown.forEach(({ label, pictures }, row) => {
    const top = GAP + row * rowHeight;
    write(sheet, label, { left: GAP, top, scale: SCALE });
    pictures.slice(0, PER_ROW).forEach((picture, column) =>
      paste(sheet, picture, GAP + column * (THUMBNAIL_SIDE + GAP), top + LABEL)
    );
  });
  return sheet;
}

/** Copies an image into another with the same number of channels, where it fits. */
export function paste(
  sheet: Raster,
  { height, width, channels, data }: Raster,
  left: number,
  top: number,
): void {
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width * channels, (y + 1) * width * channels);
    sheet.data.set(row, ((top + y) * sheet.width + left) * channels);
  }
}
