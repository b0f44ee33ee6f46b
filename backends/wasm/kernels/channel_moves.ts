/**
 * Moves channels: concatenates, splits, shuffles. A pixel's channels are walked four at a time;
 * where four are neighbours in the same source they and those that follow are copied as vectors,
 * other fours are gathered one by one.
 */
import type { GraphNode, Value } from "../../../graph/types.ts";
import { sum } from "../../../reporting/statistics.ts";
import { type ChannelShuffleAttributes, shuffledChannel } from "../../../ops/channel_shuffle.ts";
import type { SplitAttributes } from "../../../ops/concat.ts";
import { f32x4, i32, type Target, v128, widths } from "../../../assembler/mod.ts";
import {
  type KernelFamily,
  type KernelFunction,
  type Lowering,
  numberedRefs,
  type Ref,
} from "../kernel.ts";
import { storeLanes } from "./lanes.ts";
import { repeat } from "./loops.ts";

/** Where a channel of the result comes from. */
interface Origin {
  readonly source: number;
  readonly channel: number;
}

/** Four channels of the result, or fewer at the end; `run` such fours are contiguous. */
interface Piece {
  readonly origins: readonly Origin[];
  run: number;
}

/** The pieces of a pixel, in order. */
function piecesOf(origins: readonly Origin[]): Piece[] {
  const pieces: Piece[] = [];
  const follows = (a: Origin, b: Origin, distance: number) =>
    a.source === b.source && a.channel + distance === b.channel;
  for (let first = 0; first < origins.length; first += 4) {
    const four = origins.slice(first, first + 4);
    const straight = four.length === 4 && four.every((origin, i) => follows(four[0], origin, i));
    const last = pieces.at(-1);
    if (straight && last && last.run > 0 && follows(last.origins[0], four[0], 4 * last.run)) {
      last.run++;
    } else {
      pieces.push({ origins: four, run: straight ? 1 : 0 });
    }
  }
  return pieces;
}

/** Bytes per pixel of each source and of the result, and where the result's channels come from. */
interface Move {
  readonly origins: readonly Origin[];
  readonly sourceBytes: readonly number[];
  readonly resultBytes: number;
}

/** Writes the walk over the pixels of the share. */
function movePixels(f: KernelFunction<string>, target: Target, move: Move): void {
  const { origins, sourceBytes, resultBytes } = move;
  const { first, end } = f.parameters;
  const pixel = f.i32(), result = f.i32(), from = f.i32(), to = f.i32(), vector = f.v128();
  const sources = sourceBytes.map(() => f.i32());
  const forms = widths(f, target);
  f.set(result, i32.add(f.parameters.y, i32.mul(first, resultBytes)));
  sources.forEach((source, i) =>
    f.set(source, i32.add(f.parameters[`x${i}`], i32.mul(first, sourceBytes[i])))
  );
  const copy = ([{ source, channel }]: readonly Origin[], run: number) => {
    f.set(from, i32.add(sources[source], 4 * channel));
    let rest = 16 * run;
    for (const v of forms) {
      const count = Math.floor(rest / v.bytes);
      if (count === 0) continue;
      repeat(f, count, () => {
        v.store(to, v.load(from));
        f.increment(from, v.bytes);
        f.increment(to, v.bytes);
      });
      rest -= count * v.bytes;
    }
  };
  const gather = (four: readonly Origin[], isPadded: boolean) => {
    f.set(vector, f32x4.constant(0));
    four.forEach(({ source, channel }, lane) =>
      f.set(vector, v128.load32Lane(sources[source], vector, lane, 4 * channel))
    );
    f.emit(...storeLanes(to, vector, 0, isPadded ? 4 : four.length));
    f.increment(to, 16);
  };
  const isPadded = resultBytes > 4 * origins.length;
  f.loop(pixel, first, end, 1, () => {
    f.set(to, result);
    for (const { origins: four, run } of piecesOf(origins)) {
      if (run > 0) copy(four, run);
      else gather(four, isPadded);
    }
    f.increment(result, resultBytes);
    sources.forEach((source, i) => f.increment(source, sourceBytes[i]));
  });
}

function addMove(
  kernel: string,
  lowering: Lowering,
  sources: readonly Value[],
  counts: readonly number[],
  result: Value,
  origins: readonly Origin[],
): void {
  const [images, , ...extents] = sources[0].shape;
  const shapeOf = (channels: number) => [images, channels, ...extents];
  const { batch, pixels } = lowering.layout(result);
  const pixelBytes = (value: Value) => 4 * lowering.layout(value).paddedChannels;
  const move = { origins, sourceBytes: sources.map(pixelBytes), resultBytes: pixelBytes(result) };
  const args: Record<string, Ref> = {
    ...numberedRefs(lowering, "x", sources, (i) => shapeOf(counts[i])),
    y: lowering.ref(result, shapeOf(origins.length)),
  };
  lowering.launch({
    kernel: `${kernel} ${JSON.stringify([move.sourceBytes, move.resultBytes])}`,
    build: (f) => movePixels(f, lowering.target, move),
    args,
    writes: ["y"],
    items: batch * pixels,
    images: { count: batch, operands: Object.keys(args) },
  });
}

/** The channels of a source, from `first` on. */
function stretch(source: number, first: number, count: number): Origin[] {
  return Array.from({ length: count }, (_, i) => ({ source, channel: first + i }));
}

/** `concat`, `split` and `channelShuffle`. */
export const channelMoves: KernelFamily = {
  ops: ["concat", "split", "channelShuffle"],
  orders({ inputs, outputs }: GraphNode) {
    const order = inputs[0].shape.length < 3 ? "plain" : "channelsLast";
    return { inputs: inputs.map(() => order), outputs: outputs.map(() => order) };
  },
  lower({ op, inputs, outputs, attributes }, lowering) {
    const [output] = outputs;
    const counts = inputs.map(({ shape }) => shape[1]);
    if (op.name === "concat") {
      const origins = counts.flatMap((count, source) => stretch(source, 0, count));
      addMove(`concat ${counts}`, lowering, inputs, counts, output, origins);
    } else if (op.name === "split") {
      const { sizes } = attributes as SplitAttributes;
      let first = 0;
      sizes.forEach((size, i) => {
        const origins = stretch(0, first, size);
        addMove(`split ${first} ${size}`, lowering, inputs, [sum(sizes)], outputs[i], origins);
        first += size;
      });
    } else {
      const { groups } = attributes as ChannelShuffleAttributes;
      const origins = stretch(0, 0, counts[0]).map(({ channel }) => ({
        source: 0,
        channel: shuffledChannel(channel, counts[0], groups),
      }));
      addMove(`shuffle ${counts} ${groups}`, lowering, inputs, counts, output, origins);
    }
  },
};
