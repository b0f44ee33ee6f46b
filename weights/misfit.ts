/** Explains in a few lines why imported weights do not fit a model. */
import { formatShape, sameShape } from "../graph/types.ts";
import type { StateDict } from "../layers/module.ts";
import { beginningsOf, parentPath } from "../layers/names.ts";
import { formatCount, formatNumberOf, someOf } from "../reporting/format.ts";

/** Most tensors of a kind listed one by one; more are grouped by place. */
const MAX_LINES = 4;

/** Most places suggested for ignoring; with more, the advice would be useless. */
const MAX_PLACES = 10;

/** How the options of {@link AdoptOptions} are written in each form. */
export const WRITTEN = {
  config: {
    prefix: "model.prefix",
    ignore: (places: readonly string[]) => `model.ignore: [${places.map(quoted).join(", ")}]`,
  },
  arguments: {
    prefix: "--prefix",
    ignore: (places: readonly string[]) =>
      places.map((place) => `--ignore ${quoted(place)}`).join(" "),
  },
} satisfies Record<OptionForm, unknown>;

/** A name, quoted if a config or a shell would misread it. */
function quoted(name: string): string {
  return /^[a-z_][\w.]*$/i.test(name) ? name : JSON.stringify(name);
}

/** Where options are given: in a config or as command-line arguments. */
export type OptionForm = "config" | "arguments";

/** The tensors that do not fit. */
interface Misfit {
  /** Names in the model that the weights lack. */
  readonly missing: readonly string[];
  /** Names in the weights that the model lacks. */
  readonly unexpected: readonly string[];
  /** Names in both with different shapes. */
  readonly unlike: readonly string[];
}

/** The tensors of some weights that do not fit a model; undefined if all fit. */
export function misfitOf(model: StateDict, weights: StateDict): Misfit | undefined {
  const shared = [...model.keys()].filter((name) => weights.has(name));
  const misfit = {
    missing: [...model.keys()].filter((name) => !weights.has(name)),
    unexpected: [...weights.keys()].filter((name) => !model.has(name)),
    unlike: shared.filter((name) => !sameShape(model.get(name)!.shape, weights.get(name)!.shape)),
  };
  return Object.values(misfit).some((names) => names.length > 0) ? misfit : undefined;
}

/**
 * Describes a misfit and the options that help.
 *
 * @param classifier the path of the classification layer
 * @param form how messages write options
 */
export function explainMisfit(
  { missing, unexpected, unlike }: Misfit,
  model: StateDict,
  weights: StateDict,
  classifier: string | undefined,
  form: OptionForm,
): string {
  const kernel = plainKernel({ missing, unexpected });
  if (kernel !== undefined) {
    return `it contains plain kernels, such as ${kernel}, which only the convolutions conv and do_conv ` +
      "accept; choose one of them, or weights trained with the model's convolution";
  }
  const needed = neededOf(model);
  const unfit = new Set([...missing, ...unlike]);
  const fitting = needed.filter((name) => !unfit.has(name)).length;
  const shapeIn = (state: StateDict) => (name: string) =>
    `${name} ${formatShape(state.get(name)!.shape)}`;
  const all = formatNumberOf(needed.length, "tensor");
  const share = fitting < needed.length
    ? `they provide ${formatCount(fitting)} of its ${all}`
    : `they provide all of its ${all}`;
  const lines = [
    `the weights do not fit the model: ${share}`,
    ...grouped("missing", missing, shapeIn(model)),
    ...grouped("unexpected", unexpected, shapeIn(weights)),
    ...grouped(
      "wrong shape",
      unlike,
      (name) =>
        `${name} is ${formatShape(weights.get(name)!.shape)}, the model has ` +
        formatShape(model.get(name)!.shape),
    ),
  ];
  const isMost = fitting >= needed.length / 2;
  const advice = adviceFor({ missing, unexpected, unlike }, {
    model,
    weights,
    classifier,
    form,
    isMost,
  });
  return [...lines, advice].join("\n  ");
}

/** A plain kernel for a layer that consists of other layers. */
function plainKernel({ missing, unexpected }: Pick<Misfit, "missing" | "unexpected">) {
  const blocks = new Set(missing.map(parentPath).flatMap((path) => beginningsOf(parentPath(path))));
  return unexpected.find((name) => name.endsWith(".weight") && blocks.has(parentPath(name)));
}

/** Names that weights must contain: batch counters may be missing. */
function neededOf(model: StateDict): string[] {
  return [...model.keys()].filter((name) => !name.endsWith("num_batches_tracked"));
}

interface Circumstances {
  readonly model: StateDict;
  readonly weights: StateDict;
  readonly classifier: string | undefined;
  readonly form: OptionForm;
  /** Whether the weights contain most of what the model needs. */
  readonly isMost: boolean;
}

function adviceFor(
  { missing, unexpected, unlike }: Misfit,
  { model, weights, classifier, form, isMost }: Circumstances,
): string {
  const unfit = [...missing, ...unlike];
  const isOfClassifier = (name: string) => parentPath(name) === classifier;
  if (unexpected.length === 0 && unfit.every(isOfClassifier)) {
    return "If these are weights for other classes, set model.replaceClassifier: true next to " +
      `model.pretrained in a config: it reinitializes the layer ${classifier} and loads the rest`;
  }
  if (missing.length === neededOf(model).length && unexpected.length > 0) {
    const beginnings = (state: StateDict) =>
      someOf([...new Set([...state.keys()].map((name) => name.split(".")[0]))]);
    return `No name matches the model: the weights' names begin with ${
      beginnings(weights)
    }, the model's ` +
      `with ${beginnings(model)}. If the model's names have a prefix in the file, pass it as ${
        WRITTEN[form].prefix
      }; otherwise the weights are of another architecture`;
  }
  if (!isMost) {
    return "The weights are of another architecture, or were trained with other options or another " +
      "kind of convolution: build the model that they were trained with";
  }
  const places = leastPlaces([...unexpected, ...unfit], neededOf(weights));
  if (places.includes("")) {
    return "A tensor with an empty name cannot be ignored: write the file again without it";
  }
  const build =
    "Build the model with the options and the kind of convolution that the weights were " +
    "trained with";
  if (places.length > MAX_PLACES) return build;
  const without =
    `${WRITTEN[form].ignore(places)} skips these: tensors only in the file are left out, ` +
    "tensors only in the model are initialized";
  return unlike.length === 0 ? without : `${build}; or ${without}`;
}

/** The shortest name prefixes that cover the names and none of the others. */
function leastPlaces(names: readonly string[], all: readonly string[]): string[] {
  const unfit = new Set(names);
  const held = new Set(all.filter((name) => !unfit.has(name)).flatMap(beginningsOf));
  return [
    ...new Set(
      names.map((name) =>
        beginningsOf(name).find((place) => place !== "" && !held.has(place)) ?? name
      ),
    ),
  ];
}

function grouped(
  what: string,
  names: readonly string[],
  describe: (name: string) => string,
): string[] {
  if (names.length <= MAX_LINES) return names.map((name) => `${what}: ${describe(name)}`);
  const places = [...placesOf(names)];
  const lines = places.slice(0, MAX_LINES).map(([place, inside]) =>
    inside.length === 1
      ? `${what}: ${describe(inside[0])}`
      : `${what}: ${formatNumberOf(inside.length, "tensor")} of ${place} (${
        describe(inside[0])
      }, …)`
  );
  const others = places.slice(MAX_LINES);
  if (others.length === 0) return lines;
  const count = others.reduce((sum, [, inside]) => sum + inside.length, 0);
  return [
    ...lines,
    `${what}: ${formatNumberOf(count, "tensor")} of ${someOf(others.map(([place]) => place))}`,
  ];
}

/** Names grouped by the part of the network they belong to: the first part that differs. */
function placesOf(names: readonly string[]): Map<string, string[]> {
  const parts = names.map((name) => name.split("."));
  let shared = 0;
  while (
    parts.every((path) => path.length > shared + 2 && path[shared] === parts[0][shared])
  ) shared++;
  const places = new Map<string, string[]>();
  names.forEach((name, i) => {
    const place = parts[i].slice(0, Math.max(1, Math.min(shared + 1, parts[i].length - 1))).join(
      ".",
    );
    places.set(place, [...places.get(place) ?? [], name]);
  });
  return places;
}
