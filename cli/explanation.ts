/** Where in images a network sees a class, as `overfold predict --explain` draws it. */
import { basename } from "@std/path";
import type { Backend, Executable } from "../backends/backend.ts";
import type { LoadedNetwork } from "../checkpoints/load.ts";
import { seenPart } from "../datasets/picture_view.ts";
import type { PictureSize } from "../datasets/transform.ts";
import { scaled } from "../datasets/transforms/resize.ts";
import { InputError } from "../errors.ts";
import { writeFileAtomic } from "../files/atomic.ts";
import { encodePng } from "../files/encode_png.ts";
import { emptyRaster, type Part, type Raster } from "../files/raster.ts";
import type { Program, Shape } from "../graph/types.ts";
import { probabilitiesOf } from "../networks/activation.ts";
import type { NetworkDescription } from "../networks/network.ts";
import { CHOSEN, classActivationMap, classActivationProgram } from "../ops/class_activation.ts";
import { formatPercent } from "../reporting/format.ts";
import { suggestion } from "../schema/nearest.ts";
import { batchSheet, MAX_TILES, type Tile } from "./batch_sheet.ts";
import { paste } from "./contact_sheet.ts";
import { heatPicture } from "./heat_picture.ts";

/** Smallest and largest side of an image that is drawn alone, in pixels; it is scaled to fit. */
const MIN_SIDE = 256, MAX_SIDE = 1024;
/** Side of each of several images, in pixels. */
const TILE_SIDE = 256;

/** A classified image. */
export interface SeenPicture {
  readonly image: string;
  /** As decoded. */
  readonly raster: Raster;
  /** As the network received it: u8 [height, width, channels]. */
  readonly pixels: Uint8Array;
  readonly logits: Float32Array;
}

/** Draws images, each with what supports its class in color. Free it with `using`. */
export class Explanation implements Disposable {
  readonly #tiles: Tile[] = [];
  /** Whether there is only one image, which is then drawn without a sheet. */
  #only: Raster | undefined;

  private constructor(
    private readonly description: NetworkDescription,
    private readonly executable: Executable,
    private readonly program: string,
    private readonly features: Shape,
    private readonly chosen: number | undefined,
  ) {}

  /**
   * Compiles a network's explanation.
   *
   * @param className the class to explain; by default each image's most probable one
   * @throws InputError for an unknown class, and for a network without spatial positions to show
   */
  static async open(
    path: string,
    { description, program }: LoadedNetwork,
    backend: Backend,
    className?: string,
  ): Promise<Explanation> {
    const chosen = className === undefined ? undefined : classOf(className, description);
    const explaining = explainingProgram(path, program);
    const executable = await backend.compile([explaining]);
    const { features } = explaining.outputs;
    return new Explanation(description, executable, explaining.name, features.shape, chosen);
  }

  /** Draws an image, unless the sheet is full. */
  async add({ image, raster, pixels, logits }: SeenPicture): Promise<void> {
    if (this.#tiles.length === MAX_TILES) return;
    const { classNames, activation } = this.description;
    const probabilities = probabilitiesOf(logits, activation);
    const index = this.chosen ?? probabilities.indexOf(Math.max(...probabilities));
    const [, channels, height, width] = this.features;
    const { features, gradient } = await this.executable.run(this.program, {
      pixels,
      [CHOSEN]: Float32Array.from(logits, (_, c) => c === index ? 1 : 0),
    });
    const values = classActivationMap(features, gradient, channels);
    const part = seenPart(this.description, raster);
    const drawn = (picture: Raster) =>
      heatPicture(picture, { height, width, values }, scaledPart(part, raster, picture));
    this.#only = this.count === 0 ? drawn(sized(raster, MIN_SIDE, MAX_SIDE)) : undefined;
    this.#tiles.push({
      picture: onSquare(drawn(sized(raster, TILE_SIDE, TILE_SIDE))),
      lines: [
        basename(image),
        `${classNames[index] ?? index} ${formatPercent(probabilities[index])}`,
      ],
    });
  }

  get count(): number {
    return this.#tiles.length;
  }

  /** Writes the drawn images, if any: one image alone, several on a sheet. */
  async write(path: string): Promise<void> {
    if (this.count === 0) return;
    await writeFileAtomic(path, await encodePng(this.#only ?? batchSheet(this.#tiles).sheet));
  }

  [Symbol.dispose](): void {
    this.executable.dispose();
  }
}

/** The explanation program. Throws InputError, naming the file, for a network that has none. */
function explainingProgram(path: string, program: LoadedNetwork["program"]): Program {
  try {
    return classActivationProgram(program(1));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(`--explain: ${path}: ${error.message}`, { cause: error });
  }
}

function classOf(name: string, { classNames }: NetworkDescription): number {
  const index = classNames.indexOf(name);
  if (index >= 0) return index;
  throw new InputError(
    `--class: the network has no class "${name}"${suggestion(name, classNames, "classes")}`,
  );
}

/** Scales an image so that its longer side is within these bounds in pixels. */
function sized(picture: Raster, least: number, most: number): Raster {
  const side = Math.max(picture.height, picture.width);
  const to = side < least ? side * Math.ceil(least / side) : side;
  const extent = (own: number) => Math.max(1, Math.round(own * Math.min(to, most) / side));
  const size = { height: extent(picture.height), width: extent(picture.width) };
  return scaled(picture, size, side < to ? "nearest" : "bilinear");
}

/** The corresponding part of an image that was scaled. */
function scaledPart(part: Part, from: PictureSize, to: PictureSize): Part {
  const [down, across] = [to.height / from.height, to.width / from.width];
  return {
    top: part.top * down,
    left: part.left * across,
    height: part.height * down,
    width: part.width * across,
  };
}

/** Centers an image in a white square. */
function onSquare(picture: Raster): Raster {
  const square = emptyRaster(TILE_SIDE, TILE_SIDE, picture.channels);
  square.data.fill(255);
  const middle = (side: number) => Math.floor((TILE_SIDE - side) / 2);
  paste(square, picture, middle(picture.width), middle(picture.height));
  return square;
}
