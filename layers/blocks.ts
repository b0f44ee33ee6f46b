/** Layers built from lists of layers. */
import { InputError } from "../errors.ts";
import { formatShape, sameShape, type Value } from "../graph/types.ts";
import { add } from "../ops/add.ts";
import { concat } from "../ops/concat.ts";
import { Module } from "./module.ts";
import { Sequential } from "./sequential.ts";

/** The sum of values; `of` names their source in errors. Throws InputError if shapes differ. */
function sumOf(values: readonly Value[], of: string): Value {
  const [first, ...others] = values;
  const other = others.find(({ shape }) => !sameShape(shape, first.shape));
  if (other) {
    throw new InputError(
      `${of} gives ${formatShape(first.shape.slice(1))} and ${formatShape(other.shape.slice(1))} ` +
        "for one image, which cannot be added; a 1x1 convolution in a branch of its own can " +
        "make them alike",
    );
  }
  return values.reduce((sum, value) => add(sum, value));
}

/** A {@link Sequential} whose input is added to the last layer's output. */
export class Residual extends Sequential {
  /** The last layer's output plus the input. Throws InputError if it has another shape. */
  override forward(input: Value): Value {
    return sumOf([super.forward(input), input], "a residual block");
  }
}

/** Parallel modules named `0`, `1`, …: each receives the input, and their outputs are added. */
export class Branches extends Module {
  /** In the order in which they are added. */
  readonly branches: readonly Module[];

  /** Takes the modules in the order in which they are added. Throws InputError for none. */
  constructor(...branches: Module[]) {
    super();
    if (branches.length === 0) {
      throw new InputError("Branches: there are none; expected one or more");
    }
    this.branches = branches;
  }

  /** The branches, named by their index. */
  override *members(): Iterable<[string, Module]> {
    for (const [index, branch] of this.branches.entries()) yield [`${index}`, branch];
  }

  /** The sum of the branches' outputs. Throws InputError if their shapes differ. */
  forward(input: Value): Value {
    return sumOf(this.results(input), "a block of branches");
  }

  /** The branches' outputs. */
  protected results(input: Value): Value[] {
    return this.branches.map((branch) => branch.call(input));
  }
}

/** {@link Branches} that are concatenated along the channels instead of added. */
export class Concat extends Branches {
  /** The branches' outputs, concatenated. Throws InputError if more than the channels differs. */
  override forward(input: Value): Value {
    return concat(this.results(input));
  }
}

/** A layer built from lists of layers, as named in a list of layers. */
export interface BlockEntry {
  /** A short description. */
  readonly about: string;
  /** Whether it is written as a list of lists, its branches, or as one list. */
  readonly several: boolean;
  /** Builds the layer from its list or its branches. */
  build(branches: readonly Sequential[]): Module;
}

/** The blocks that a list of layers can name. */
export const BLOCKS = {
  residual: {
    about: "Layers one after the other, whose input is added to what they give",
    several: false,
    build: ([{ layers }]) => new Residual(...layers),
  },
  branches: {
    about: "Lists of layers side by side, added up; an empty list gives its input",
    several: true,
    build: (branches) => new Branches(...branches),
  },
  concat: {
    about:
      "Lists of layers side by side, their channels put together; an empty list gives its input",
    several: true,
    build: (branches) => new Concat(...branches),
  },
} satisfies Record<string, BlockEntry>;
