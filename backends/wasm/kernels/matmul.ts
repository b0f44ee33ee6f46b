/** Kernels of `matmul` and `linear`: pack the second matrix, then multiply tile by tile. */

import type { GraphNode } from "../../../graph/types.ts";
import { type MatmulAttributes, matmulGeometry } from "../../../ops/matmul.ts";
import { i32, type Target } from "../../../assembler/mod.ts";
import type { KernelFamily, KernelFunction, Lowering, Ref } from "../kernel.ts";
import { GemmTile } from "./gemm_tile.ts";
import {
  lowerPacking,
  panelCount,
  type Panels,
  panelsOf,
  type PanelSource,
  tailLanes,
} from "./panels.ts";
import { tileSize } from "./register_tile.ts";

/** Product of two matrices, either transposed. */
export const matmul: KernelFamily = {
  ops: ["matmul"],
  lower(node: GraphNode, lowering: Lowering): void {
    const [a, b] = node.inputs;
    const attributes: MatmulAttributes = node.attributes;
    const { rows, inner, columns } = matmulGeometry(a.shape, b.shape, attributes);
    const { transposeA, transposeB } = attributes;
    lowerProduct(lowering, {
      rows,
      inner,
      columns,
      transposeA,
      transposeB,
      a: lowering.ref(a, transposeA ? [inner, rows] : [rows, inner]),
      b: lowering.ref(b, transposeB ? [columns, inner] : [inner, columns]),
      result: lowering.ref(node.outputs[0], [rows, columns]),
    });
  },
};

/** Fully connected layer: the product with the transposed weight, and a bias. */
export const linear: KernelFamily = {
  ops: ["linear"],
  lower(node: GraphNode, lowering: Lowering): void {
    const [input, weight, bias] = node.inputs;
    const [columns, inner] = weight.shape;
    const [rows] = input.shape;
    lowerProduct(lowering, {
      rows,
      inner,
      columns,
      transposeA: false,
      transposeB: true,
      a: lowering.ref(input, [rows, inner]),
      b: lowering.ref(weight, [columns, inner]),
      bias: bias && lowering.ref(bias, [columns]),
      result: lowering.ref(node.outputs[0], [rows, columns]),
    });
  },
};

interface ProductShape {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
  readonly transposeA: boolean;
}

interface Product extends ProductShape {
  readonly transposeB: boolean;
  readonly a: Ref;
  readonly b: Ref;
  readonly bias?: Ref;
  readonly result: Ref;
}

function lowerProduct(lowering: Lowering, product: Product): void {
  const { rows, inner, columns, transposeA, transposeB, bias } = product;
  const { target } = lowering;
  const panels = panelsOf(target, inner, columns);
  const tileRows = tileSize(target).rows;
  const source: PanelSource = {
    batch: 1,
    batchStep: 0,
    columnStep: transposeB ? 4 * inner : 4,
    depthLoops: [{ count: inner, sourceStep: transposeB ? 4 : 4 * columns, depthStep: 1 }],
  };
  const packed = lowering.scratch(panels.bytes);
  lowerPacking(lowering, panels, source, product.b, packed);
  const shape = { rows, inner, columns, transposeA };
  lowering.launch({
    kernel: `product ${JSON.stringify(shape)} ${bias ? "bias" : ""}`,
    build: (f) => emitProduct(f, target, shape, panels, bias !== undefined),
    args: { a: product.a, panels: packed, bias: bias ?? 0, result: product.result },
    writes: ["result"],
    items: Math.ceil(rows / tileRows) * panelCount(panels),
    flops: 2 * rows * inner * columns,
  });
}

/** Writes the multiplication. Items are the tiles, panel by panel. */
function emitProduct(
  f: KernelFunction<"a" | "panels" | "bias" | "result">,
  target: Target,
  shape: ProductShape,
  panels: Panels,
  hasBias: boolean,
): void {
  const { rows, inner, columns, transposeA } = shape;
  const { fullVectors, tailVectors, fullBytes } = panels;
  const tileRows = tileSize(target).rows;
  const rowTiles = Math.ceil(rows / tileRows);
  const tile = new GemmTile(f, target);
  const item = f.i32(), panelIndex = f.i32(), rowTile = f.i32();
  const a = f.i32(), panel = f.i32(), bias = f.i32(), result = f.i32();

  const emitTile = (count: number, vectors: number, lanes: number) => {
    const size = { rows: count, vectors, lanes };
    if (hasBias) tile.loadRow(size, bias);
    else tile.clear(size);
    if (transposeA) {
      tile.addOuterProducts(size, a, panel, {
        rows: 1,
        columns: inner,
        aStep: 4 * rows,
        bStep: 16 * vectors,
        aRowStep: 0,
        bRowStep: 0,
      });
    } else {
      const window = { rows: 1, rowStep: 0, columns: 1, columnStep: 0, run: inner };
      tile.addRows(size, a, 4 * inner, window, panel);
    }
    tile.store(size, result, 4 * columns);
  };
  const lastRows = rows % tileRows || tileRows;
  const chooseRows = (vectors: number, lanes: number) => {
    const tile = (count: number) => emitTile(count, vectors, lanes);
    if (lastRows === tileRows || rowTiles === 1) tile(lastRows);
    else f.if(i32.eq(rowTile, rowTiles - 1), () => tile(lastRows), () => tile(tileRows));
  };

  const { first, end } = f.parameters;
  f.loop(item, first, end, 1, () => {
    f.set(panelIndex, i32.divU(item, rowTiles));
    f.set(rowTile, i32.sub(item, i32.mul(panelIndex, rowTiles)));
    const rowStep = 4 * tileRows * (transposeA ? 1 : inner);
    f.set(a, i32.add(f.parameters.a, i32.mul(rowTile, rowStep)));
    f.set(panel, i32.add(f.parameters.panels, i32.mul(panelIndex, fullBytes)));
    f.set(bias, i32.add(f.parameters.bias, i32.mul(panelIndex, 16 * fullVectors)));
    f.set(result, i32.add(f.parameters.result, i32.mul(rowTile, 4 * tileRows * columns)));
    f.increment(result, i32.mul(panelIndex, 16 * fullVectors));
    const last = tailVectors || fullVectors;
    const lanes = tailLanes(panels);
    if (last === fullVectors && lanes === 4) chooseRows(fullVectors, 4);
    else {
      f.if(
        i32.eq(panelIndex, panelCount(panels) - 1),
        () => chooseRows(last, lanes),
        panelCount(panels) > 1 ? () => chooseRows(fullVectors, 4) : undefined,
      );
    }
  });
}
