/** Every op by name: for programs read from a file, and for tests over all ops. */
import type { Op } from "../graph/types.ts";
import * as exported from "./all.ts";

function isOp(value: unknown): value is Op {
  return typeof value === "object" && value !== null && "infer" in value;
}

/** The ops by name. The file of a new op is a line in `all.ts`. */
export const OPS: ReadonlyMap<string, Op> = new Map(
  Object.values<unknown>(exported).filter(isOp).map((op) => [op.name, op]),
);
