/** The module that decodes JPEG files. */
import { compiled, Machine } from "../../machine.ts";
import { addPaint, addWiden } from "./colours.ts";
import { addDecode, addUnstuff } from "./entropy.ts";
import { addTransform } from "./inverse_dct.ts";
import { AT, orderBytes } from "./layout.ts";

/** The module's exports, each documented where its code is emitted. */
interface JpegFunctions {
  unstuff(from: number, at: number, written: number): number;
  decode(
    units: number,
    perRow: number,
    column: number,
    row: number,
    blocksEnd: number,
    at: number,
    low: number,
  ): number;
  widen(near: number, far: number, to: number, count: number, even: number, odd: number): void;
  paint(luma: number, blue: number, red: number, to: number, count: number): void;
}

/** A machine with {@link AT.order} in its memory. */
export type JpegMachine = Machine<JpegFunctions>;

let module: WebAssembly.Module | undefined;

export function startMachine(): JpegMachine {
  module ??= compiled((builder) => {
    addUnstuff(builder);
    addDecode(builder, addTransform(builder));
    addWiden(builder);
    addPaint(builder);
  });
  const machine: JpegMachine = new Machine(module);
  machine.bytes().set(orderBytes(), AT.order);
  return machine;
}
