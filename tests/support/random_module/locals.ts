/** The locals of a random function, by the kind of their values. */
import type { AnyFunction, Local } from "../../../assembler/mod.ts";
import type { RandomStream } from "../../../graph/random.ts";
import { pick } from "../pick.ts";

/** The types of the kinds of values, which are more specific. */
export const TYPES = {
  integer: "i32",
  float: "f32",
  double: "f64",
  long: "i64",
  floats: "v128",
  integers: "v128",
} as const;

export type Kind = keyof typeof TYPES;

export type VectorKind = "floats" | "integers";

/** A group of vectors, declared together. */
interface Group {
  readonly kind: VectorKind;
  readonly members: readonly Local<"v128">[];
}

export interface Locals {
  readonly ofKind: { readonly [K in Kind]: Local<(typeof TYPES)[K]>[] };
  /** Their members are among the locals of their kinds too. */
  readonly groups: readonly Group[];
}

/** Declares locals of every kind; parameters are among them. */
export function declareLocals(f: AnyFunction, random: RandomStream): Locals {
  const locals = <K extends Kind>(kind: K) =>
    Array.from({ length: 2 + random.integer(5) }, () => f.local(TYPES[kind]));
  const groups = Array.from({ length: 4 + random.integer(8) }, () => ({
    kind: pick(["floats", "integers"] as const, random),
    members: f.locals("v128", pick([2, 2, 4, 4, 8, 3], random)),
  }));
  const members = (kind: VectorKind) =>
    groups.filter((group) => group.kind === kind).flatMap(({ members }) => members);
  const ofKind = {
    integer: locals("integer"),
    float: locals("float"),
    double: locals("double"),
    long: locals("long"),
    floats: [...locals("floats"), ...members("floats")],
    integers: [...locals("integers"), ...members("integers")],
  };
  for (const parameter of Object.values(f.parameters)) {
    if (parameter.type === "i32") ofKind.integer.push(parameter as Local<"i32">);
    if (parameter.type === "f32") ofKind.float.push(parameter as Local<"f32">);
    if (parameter.type === "f64") ofKind.double.push(parameter as Local<"f64">);
    if (parameter.type === "v128") ofKind.floats.push(parameter as Local<"v128">);
  }
  return { ofKind, groups };
}
