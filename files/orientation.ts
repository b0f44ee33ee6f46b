/** Which way up a picture is held, as its EXIF data says. */

/** The tag of the orientation and its type in TIFF, of which EXIF data is made. */
const ORIENTATION = 0x0112;
const SHORT = 3;

/**
 * The orientation that EXIF data gives, from its TIFF header on: 1 (upright) to 8. Data that is
 * damaged or does not say is taken for upright.
 */
export function orientationOf(exif: Uint8Array): number {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  try {
    const order = view.getUint16(0);
    const isLittle = order === 0x4949;
    if (!isLittle && order !== 0x4d4d || view.getUint16(2, isLittle) !== 42) return 1;
    const directory = view.getUint32(4, isLittle);
    const entries = view.getUint16(directory, isLittle);
    for (let i = 0; i < entries; i++) {
      const at = directory + 2 + 12 * i;
      if (view.getUint16(at, isLittle) !== ORIENTATION) continue;
      const orientation = view.getUint16(at + 8, isLittle);
      const isKnown = orientation >= 1 && orientation <= 8;
      return isKnown && view.getUint16(at + 2, isLittle) === SHORT ? orientation : 1;
    }
  } catch (error) {
    // It ends too early, or points beyond its end.
    if (!(error instanceof RangeError)) throw error;
  }
  return 1;
}

/** The picture as a person holds it, whose file stores it in one of the eight orientations. */
export function upright(picture: ImageData, orientation: number): ImageData {
  if (orientation === 1) return picture;
  const { data: from } = picture;
  const isTurned = orientation >= 5;
  const width = isTurned ? picture.height : picture.width;
  const height = isTurned ? picture.width : picture.height;
  const isFlippedX = [2, 3, 7, 8].includes(orientation);
  const isFlippedY = [3, 4, 6, 7].includes(orientation);
  const held = new ImageData(width, height);
  const { data } = held;
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 4) {
      const [u, v] = isTurned ? [y, x] : [x, y];
      const column = isFlippedX ? picture.width - 1 - u : u;
      const row = isFlippedY ? picture.height - 1 - v : v;
      const at = 4 * (row * picture.width + column);
      for (let c = 0; c < 4; c++) data[to + c] = from[at + c];
    }
  }
  return held;
}
