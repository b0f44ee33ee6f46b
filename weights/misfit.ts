/** Why weights from elsewhere do not fit a model, in a few lines that a person reads. */
import { formatShape, sameShape } from "../graph/types.ts";
import type { StateDict } from "../layers/module.ts";
import { beginningsOf, parentPath } from "../layers/names.ts";
import { formatCount, formatNumberOf, someOf } from "../reporting/format.ts";

/** Lines of a kind that are told one by one; more are told by where they are. */
const MAX_LINES = 4;

/** Places that are told to be ignored; nobody goes on without more. */
const MAX_PLACES = 10;

/** How the options of {@link AdoptOptions} are written, by where they stand. */
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

/** A name as it is, or in quotes where a config or a shell would take it for something else. */
function quoted(name: string): string {
  return /^[a-z_][\w.]*$/i.test(name) ? name : JSON.stringify(name);
}

/** Where options stand: in a config or a command's arguments. */
export type OptionForm = "config" | "arguments";

/** What does not fit. */
export interface Misfit {
  /** Names of the model that the weights lack. */
  readonly missing: readonly string[];
  /** Names of the weights that the model lacks. */
  readonly unexpected: readonly string[];
  /** Names of both whose shapes differ. */
  readonly unlike: readonly string[];
}

/** What of some weights does not fit a model; undefined where all does. */
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
 * A misfit in words, and the options that help.
 *
 * @param classifier the path of the layer that tells classes apart
 * @param form how they are written
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
    return `it holds plain kernels, such as ${kernel}, which no kind of convolution takes but conv and ` +
      "do_conv; choose one of them, or weights that were trained with the model's";
  }
  const needed = neededOf(model);
  const unfit = new Set([...missing, ...unlike]);
  const fitting = needed.filter((name) => !unfit.has(name)).length;
  const shapeIn = (state: StateDict) => (name: string) =>
    `${name} ${formatShape(state.get(name)!.shape)}`;
  const all = formatNumberOf(needed.length, "tensor");
  const share = fitting < needed.length
    ? `of its ${all} ${formatCount(fitting)}`
    : `all of its ${all}`;
  const lines = [
    `the weights do not fit the model: ${share} are in them`,
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

/** A kernel in the place of a layer that is made of others. */
function plainKernel({ missing, unexpected }: Pick<Misfit, "missing" | "unexpected">) {
  const blocks = new Set(missing.map(parentPath).flatMap((path) => beginningsOf(parentPath(path))));
  return unexpected.find((name) => name.endsWith(".weight") && blocks.has(parentPath(name)));
}

/** Names that weights must have: counters of batches may be missing. */
function neededOf(model: StateDict): string[] {
  return [...model.keys()].filter((name) => !name.endsWith("num_batches_tracked"));
}

interface Circumstances {
  readonly model: StateDict;
  readonly weights: StateDict;
  readonly classifier: string | undefined;
  readonly form: OptionForm;
  /** Whether most of what the model needs is in the weights. */
  readonly isMost: boolean;
}

function adviceFor(
  { missing, unexpected, unlike }: Misfit,
  { model, weights, classifier, form, isMost }: Circumstances,
): string {
  const unfit = [...missing, ...unlike];
  const isOfClassifier = (name: string) => parentPath(name) === classifier;
  if (unexpected.length === 0 && unfit.every(isOfClassifier)) {
    return "If these are weights for other classes, a config with model.replaceClassifier: true " +
      `besides model.pretrained starts the layer ${classifier} anew and takes the rest`;
  }
  if (missing.length === neededOf(model).length && unexpected.length > 0) {
    const beginnings = (state: StateDict) =>
      someOf([...new Set([...state.keys()].map((name) => name.split(".")[0]))]);
    return `No name is one of the model's: theirs begin with ${beginnings(weights)}, the model's ` +
      `with ${beginnings(model)}. If the model's stand behind others, ${
        WRITTEN[form].prefix
      } says behind which; else they are weights of another architecture`;
  }
  if (!isMost) {
    return "They are weights of another architecture, or of this one with other options or another " +
      "kind of convolution: build the model that they were trained in";
  }
  const places = leastPlaces([...unexpected, ...unfit], neededOf(weights));
  if (places.includes("")) {
    return "A tensor without a name cannot be ignored: write the file again without it";
  }
  const build =
    "Build the model with the options and the kind of convolution that the weights were " +
    "trained with";
  if (places.length > MAX_PLACES) return build;
  const without =
    `${WRITTEN[form].ignore(places)} goes on without: what is in the file alone is left ` +
    "out, layers of the model start anew";
  return unlike.length === 0 ? without : `${build}; or ${without}`;
}

/** The shortest beginnings of names that hold none of the others. */
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

/** Names by the part of a network they are in: the first that tells them apart. */
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
