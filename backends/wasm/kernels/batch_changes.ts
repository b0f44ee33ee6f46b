/** Overwrites parts of a batch's images, and mixes them with each other. */
import type { Value } from "../../../graph/types.ts";
import { BOX_FIELDS } from "../../../ops/erase.ts";
import { MIX_FIELDS } from "../../../ops/mix.ts";
import { f32, i32, type Local, memory, select, WideVectors } from "../../../assembler/mod.ts";
import type { KernelFamily, KernelFunction, Lowering } from "../kernel.ts";
import type { Layout, NodeOrders } from "../../layout.ts";

/** Images are channels last, everything else is plain. */
const orders = (): NodeOrders => ({
  inputs: ["channelsLast", "plain", "plain"],
  outputs: ["channelsLast"],
});

/** Where images are stored, for kernels whose items are their rows. */
function imagesOf(lowering: Lowering, input: Value, output: Value) {
  const layout = lowering.layout(output);
  return {
    layout,
    places: { x: lowering.ref(input, layout.shape), y: lowering.ref(output, layout.shape) },
    items: layout.batch * layout.shape[2],
  };
}

/** `erase`: rows are copied, then the pixels in the rectangle are overwritten. */
export const erase: KernelFamily = {
  ops: ["erase"],
  orders,
  lower({ inputs: [input, boxes, values], outputs: [output] }, lowering) {
    const { layout, places, items } = imagesOf(lowering, input, output);
    const [count] = values.shape;
    lowering.launch({
      kernel: `erase ${layout.shape} ${count}`,
      build: (f) => writeErase(f, layout, count),
      args: {
        ...places,
        boxes: lowering.ref(boxes, [layout.batch, BOX_FIELDS]),
        values: lowering.ref(values, [count]),
      },
      writes: ["y"],
      items,
      images: { count: layout.batch, operands: ["x", "y", "boxes"] },
    });
  },
};

/** Walks the rows of the share: their places, and the numbers of the row's image. */
function forEachImageRow<P extends string>(
  f: KernelFunction<P | "x" | "y">,
  { paddedChannels, shape: [, , height, width] }: Layout,
  table: P,
  fields: number,
  body: (row: {
    readonly y: Local<"i32">;
    readonly image: Local<"i32">;
    readonly table: Local<"i32">;
    readonly to: Local<"i32">;
    readonly rowBytes: number;
  }) => void,
): void {
  const { first, end } = f.parameters;
  const line = f.i32(), image = f.i32(), y = f.i32(), draws = f.i32(), to = f.i32();
  const rowBytes = width * 4 * paddedChannels;
  f.loop(line, first, end, 1, () => {
    f.set(image, i32.divU(line, height));
    f.set(y, i32.remU(line, height));
    f.set(draws, i32.add(f.parameters[table], i32.mul(image, 4 * fields)));
    f.set(to, i32.add(f.parameters.y, i32.mul(line, rowBytes)));
    body({ y, image, table: draws, to, rowBytes });
  });
}

function writeErase(
  f: KernelFunction<"x" | "y" | "boxes" | "values">,
  layout: Layout,
  count: number,
): void {
  const { channels, paddedChannels, shape: [, , , width] } = layout;
  const row = f.i32(), x = f.i32(), column = f.i32(), columns = f.i32(), next = f.i32();
  forEachImageRow(f, layout, "boxes", BOX_FIELDS, ({ y, table, to, rowBytes }) => {
    f.emit(memory.copy(to, i32.add(f.parameters.x, i32.sub(to, f.parameters.y)), rowBytes));
    f.set(row, i32.sub(y, i32.load(table)));
    f.set(columns, i32.load(table, 12));
    // Unsigned comparisons: positions before the rectangle count as far behind it.
    f.if(i32.ltU(row, i32.load(table, 8)), () => {
      f.set(column, i32.sub(0, i32.load(table, 4)));
      f.loopAtLeastOnce(x, 0, width, 1, () => {
        f.if(i32.ltU(column, columns), () => {
          const place = i32.mul(i32.add(i32.mul(row, columns), column), channels);
          f.set(next, i32.remU(i32.add(place, i32.load(table, 16)), count));
          for (let channel = 0; channel < channels; channel++) {
            const value = f32.load(i32.add(f.parameters.values, i32.mul(next, 4)));
            f.emit(f32.store(to, value, 4 * channel));
            f.increment(next, 1);
            f.set(next, select("i32", i32.eq(next, count), 0, next));
          }
        });
        f.increment(to, 4 * paddedChannels);
        f.increment(column, 1);
      });
    });
  });
}

export const mix: KernelFamily = {
  ops: ["mix"],
  orders,
  lower({ inputs: [input, partners, shares], outputs: [output] }, lowering) {
    const { layout, places, items } = imagesOf(lowering, input, output);
    lowering.launch({
      kernel: `mix ${layout.shape}`,
      build: (f) => writeMix(f, lowering, layout),
      args: {
        ...places,
        partners: lowering.ref(partners, [layout.batch, MIX_FIELDS]),
        shares: lowering.ref(shares, [layout.batch]),
      },
      writes: ["y"],
      items,
      images: { count: layout.batch, operands: ["y", "partners", "shares"] },
    });
  },
};

function writeMix(
  f: KernelFunction<"x" | "y" | "partners" | "shares">,
  { target }: Lowering,
  layout: Layout,
): void {
  const { batch, paddedChannels, shape: [, , height, width] } = layout;
  const own = f.i32(), other = f.i32(), column = f.i32(), x = f.i32(), offset = f.i32();
  const columns = f.i32(), share = f.f32(), part = f.f32();
  const vectors = new WideVectors(f, { ...target, wide: 1 });
  const rest = vectors.local();
  forEachImageRow(f, layout, "partners", MIX_FIELDS, ({ y, image, table, to, rowBytes }) => {
    f.set(own, i32.add(f.parameters.x, i32.sub(to, f.parameters.y)));
    // The remainder keeps any number within the batch.
    f.set(other, i32.remU(i32.load(table), batch));
    f.set(other, i32.add(i32.mul(other, height), y));
    f.set(other, i32.add(f.parameters.x, i32.mul(other, rowBytes)));
    f.set(share, f32.load(i32.add(f.parameters.shares, i32.mul(image, 4))));
    const [top, left, bottom, right] = [4, 8, 12, 16].map((place) => i32.load(table, place));
    const inRows = i32.and(i32.geS(y, top), i32.ltS(y, bottom));
    const isBox = i32.and(inRows, i32.geS(right, left));
    f.set(columns, select("i32", isBox, i32.sub(right, left), 0));
    f.set(column, i32.sub(0, left));
    f.loopAtLeastOnce(x, 0, width, 1, () => {
      f.set(part, select("f32", i32.ltU(column, columns), 0, share));
      const mine = vectors.splat(part);
      vectors.set(rest, vectors.sub(vectors.constant(1), mine));
      f.loopAtLeastOnce(offset, 0, 4 * paddedChannels, 16, () => {
        const mixed = vectors.add(
          vectors.mul(vectors.load(own), mine),
          vectors.mul(vectors.load(other), rest),
        );
        vectors.store(to, mixed);
        for (const place of [own, other, to]) f.increment(place, 16);
      });
      f.increment(column, 1);
    });
  });
}
