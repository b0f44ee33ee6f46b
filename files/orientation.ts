/** The orientation of an image, from its EXIF data. */

/** The tag of the orientation and its type in TIFF, the format of EXIF data. */
const ORIENTATION = 0x0112;
const SHORT = 3;

/**
 * The orientation in EXIF data, starting at its TIFF header: 1 (upright) to 8. Upright if the data is
 * damaged or does not say.
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

/** The upright size of an image, and where the stored pixels go. */
export interface Turn {
  /** Columns. */
  readonly width: number;
  /** Rows. */
  readonly height: number;
  /** The index of the first stored pixel, and the steps to the next one in its row and in its column. */
  readonly first: number;
  readonly right: number;
  readonly down: number;
}

/** The placement of an image stored with this size in one of the eight orientations. */
export function turnOf(width: number, height: number, orientation: number): Turn {
  const isTurned = orientation >= 5;
  const held = isTurned ? { width: height, height: width } : { width, height };
  const isFlippedX = [2, 3, 7, 8].includes(orientation);
  const isFlippedY = [3, 4, 6, 7].includes(orientation);
  const [right, down] = isTurned ? [held.width, 1] : [1, held.width];
  return {
    ...held,
    first: (isFlippedX ? (width - 1) * right : 0) + (isFlippedY ? (height - 1) * down : 0),
    right: isFlippedX ? -right : right,
    down: isFlippedY ? -down : down,
  };
}

/** The upright image, from one stored in one of the eight orientations. */
export function upright(picture: ImageData, orientation: number): ImageData {
  if (orientation === 1) return picture;
  const { width, height, first, right, down } = turnOf(
    picture.width,
    picture.height,
    orientation,
  );
  const held = new ImageData(width, height);
  const [from, to] = [picture, held].map(({ data }) =>
    new Uint32Array(data.buffer, data.byteOffset, data.length / 4)
  );
  for (let y = 0, pixel = 0; y < picture.height; y++) {
    let at = first + y * down;
    for (let x = 0; x < picture.width; x++, at += right) to[at] = from[pixel++];
  }
  return held;
}
