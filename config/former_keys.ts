/**
 * Keys that configs used to have. They are moved to their present place before a config is
 * validated, in files and in the configs that checkpoints store, so old ones keep working.
 */

import { AUGMENTATIONS } from "../datasets/augmentations/registry.ts";
import { DATASETS } from "../datasets/registry.ts";
import type { OptionPath } from "../errors.ts";
import {
  FORMER_OPTIONS,
  type Moved,
  moveFormerOptions,
} from "../layers/convolutions/do_conv_former.ts";
import { doConvSchema } from "../layers/do_conv2d.ts";
import type { Mistake } from "../schema/describe.ts";
import { z } from "../schema/entry.ts";
import { valueAt } from "../schema/json.ts";
import { mistakesOf } from "../schema/mistakes.ts";
import { isRecord } from "../schema/record.ts";
import { OBJECTIVES } from "../training/objectives/registry.ts";
import { partition } from "./schema.ts";
import { inYaml } from "./yaml.ts";

/** A mapping of a config, not yet validated. */
export type Mapping = Record<string, unknown>;

/** A key that has moved or changed its form. */
interface FormerKey {
  /** Dotted path, such as `model.depthMultiplier`; `*` matches every item of a list. */
  readonly path: string;
  /** The schema of its value. Of a mapping, each key is an option that has moved. */
  readonly schema: z.ZodType;
  /** The option's present path, if it is the same option. */
  readonly now?: string;
  /** Whether a value in a mapping has the former form. Default: every value has. */
  isFormer?(value: unknown, holder: Mapping): boolean;
}

/** Augmentations that had keys of their own, in the order in which they were applied. */
const augmentation = z.strictObject({
  crop: AUGMENTATIONS.random_crop.schema.strict().optional(),
  flip: z.boolean().optional(),
});

/** A schema that refuses every value. */
function refused(remedy: (value: unknown) => string): z.ZodType {
  return z.unknown().refine(() => false, { error: ({ input }) => remedy(input) });
}

/** Where to list changes that are transforms in torchvision and timm. */
const PLACES: Readonly<Record<string, string>> = {
  random_erasing: "data.augmentation",
  mixup: "data.mixing",
  cutmix: "data.mixing",
};

/** The item of a list at `path` that belongs elsewhere. */
function misplacedIn(list: unknown, path: string): unknown {
  if (!Array.isArray(list)) return undefined;
  return list.find((item) => isNameIn(PLACES, item) && PLACES[String(nameOf(item))] !== path);
}

function remedyFor(item: unknown): string {
  const { name, ...options } = isRecord(item) ? item : { name: item };
  const place = PLACES[String(name)];
  const written = place === "data.mixing" ? { [String(name)]: options } : [item];
  return `${name} is carried out by the training step; write ${place}: ${inYaml(written)}`;
}

const FORMER_KEYS: readonly FormerKey[] = [
  {
    path: "data.synthetic",
    schema: refused(() => "only the dataset synthetic has a size to choose; remove it"),
    isFormer: (_, { dataset }) => nameOf(dataset) !== "synthetic" && isNameIn(DATASETS, dataset),
  },
  { path: "data.synthetic", schema: DATASETS.synthetic.schema.strict(), now: "data.dataset" },
  { path: "data.augmentation", schema: augmentation, isFormer: isFormerAugmentation },
  {
    path: "data.augmentation",
    schema: refused((value) => `expected a list; write augmentation: ${inYaml([value])}`),
    isFormer: (value) => isNameIn(AUGMENTATIONS, value),
  },
  ...["data.train", "data.augmentation"].map((path) => ({
    path,
    schema: refused((list) => remedyFor(misplacedIn(list, path)!)),
    isFormer: (list: unknown) => misplacedIn(list, path) !== undefined,
  })),
  {
    path: "training.labelSmoothing",
    schema: OBJECTIVES.classification.schema.shape.labelSmoothing,
    now: "training.objective.labelSmoothing",
  },
  { path: "threads.schedule", schema: partition, now: "threads.partition" },
  ...["model.layers.*.convolution", "model"].flatMap((holder) =>
    FORMER_OPTIONS.map((option) => ({
      path: `${holder}.${option}`,
      schema: doConvSchema.shape[option],
      now: `${holder}.convolution.${option}`,
    }))
  ),
];

/** The former and the present path of each option that has both. */
const PATHS = FORMER_KEYS.flatMap(({ path, schema, now }) =>
  now === undefined
    ? []
    : schema instanceof z.ZodObject
    ? Object.keys(schema.shape).map((option) => [`${path}.${option}`, `${now}.${option}`])
    : [[path, now]]
).map(([former, now]) => [former.split("."), now.split(".")]);

/** Paths that set, in the other form, what the value at `path` sets; an override replaces them. */
export function otherForms(path: readonly string[]): string[][] {
  const named = (pattern: string[]) => pattern.map((part, i) => part === "*" ? path[i] : part);
  return PATHS.flatMap(([former, now]) => {
    if (isWithin(path, former) || isWithin(former, path) && !isWithin(now, path)) {
      return [named(now)];
    }
    return isWithin(path, now) ? [named(former)] : [];
  });
}

interface FormerKeys {
  readonly moved: Moved[];
  /** Mistakes in their values, which are left out. */
  readonly mistakes: Mistake[];
  /** What to write instead, at each place. */
  readonly hints: Mistake[];
}

/** Moves every former key of `config`, in place. */
export function moveFormerKeys(config: Mapping): FormerKeys {
  const found: OptionPath[] = [];
  const mistakes: Mistake[] = [];
  for (const { path, schema, isFormer } of FORMER_KEYS) {
    for (const at of placesOf(config, path.split("."))) {
      const holder = valueAt(config, at.slice(0, -1)) as Mapping;
      const { [at.at(-1)!]: value } = holder;
      if (isFormer?.(value, holder) === false) continue;
      const wrong = mistakesOf(schema, value);
      if (wrong.length === 0) {
        found.push(at);
        continue;
      }
      delete holder[at.at(-1)!];
      mistakes.push(...wrong.map((mistake) => ({ ...mistake, path: [...at, ...mistake.path] })));
    }
  }
  const moved = moveAll(config);
  return { moved, mistakes, hints: hintsOf(config, found, moved) };
}

function moveAll({ threads, data, model, training }: Mapping): Moved[] {
  const moved: Moved[] = [];
  const moveOptions = (from: OptionPath, options: Mapping, choice: unknown, to: OptionPath) => {
    const full: Mapping = isRecord(choice) ? { ...choice } : { name: choice };
    if (!isRecord(choice)) moved.push({ from: to, to: [...to, "name"] });
    for (const [option, value] of Object.entries(options)) {
      if (Object.hasOwn(full, option)) continue;
      full[option] = value;
      moved.push({ from: [...from, option], to: [...to, option] });
    }
    return full;
  };
  if (isRecord(data) && isRecord(data.synthetic)) {
    const { synthetic, dataset } = data;
    delete data.synthetic;
    // If the dataset is unknown, only its name is reported.
    if (isNameIn(DATASETS, dataset)) {
      data.dataset = moveOptions(["data", "synthetic"], synthetic, dataset, ["data", "dataset"]);
    }
  }
  if (isRecord(data) && isFormerAugmentation(data.augmentation)) {
    const { crop, flip } = data.augmentation;
    data.augmentation = [
      ...(isRecord(crop) ? [{ name: "random_crop", ...crop }] : []),
      ...(flip ? ["horizontal_flip"] : []),
    ];
    const at = ["data", "augmentation"];
    if (crop) moved.push({ from: [...at, "crop"], to: [...at, 0] });
    if (flip) moved.push({ from: [...at, "flip"], to: [...at, crop ? 1 : 0] });
  }
  if (isRecord(training) && Object.hasOwn(training, "labelSmoothing")) {
    const { labelSmoothing, objective = "classification" } = training;
    delete training.labelSmoothing;
    const to = ["training", "objective"];
    training.objective = moveOptions(["training"], { labelSmoothing }, objective, to);
  }
  if (isRecord(threads) && Object.hasOwn(threads, "schedule")) {
    if (!Object.hasOwn(threads, "partition")) {
      threads.partition = threads.schedule;
      moved.push({ from: ["threads", "schedule"], to: ["threads", "partition"] });
    }
    delete threads.schedule;
  }
  if (isRecord(model)) {
    moved.push(
      ...moveFormerOptions(model, "do_conv")
        .map(({ from, to }) => ({ from: ["model", ...from], to: ["model", ...to] })),
    );
  }
  return moved;
}

/**
 * What to write instead of former keys: one line per place to change and per key without effect.
 */
function hintsOf(
  config: Mapping,
  found: readonly OptionPath[],
  moved: readonly Moved[],
): Mistake[] {
  const changes = new Map<string, { to: OptionPath; former: OptionPath[] }>();
  const hints: Mistake[] = [];
  for (const former of found) {
    const targets = moved.filter(({ from }) => isWithin(from, former));
    if (targets.length === 0) {
      hints.push({ path: former, part: "key", text: "has no effect here; remove it" });
    }
    for (const target of targets) {
      const to = target.to.slice(0, Math.max(former.length, target.to.length - 1));
      const change = changes.get(`${to}`) ?? { to, former: [] };
      changes.set(`${to}`, { to, former: [...change.former, former] });
    }
  }
  for (const { to, former: [first, ...others] } of changes.values()) {
    const holder = first.slice(0, -1);
    const present = to.slice(holder.length).join(".");
    const keys = new Set(
      [first, ...others.filter((path) => isWithin(path, holder))].map((path) => path.at(-1)),
    );
    keys.delete(present);
    const instead = keys.size > 0 ? `instead of ${[...keys].join(" and ")} ` : "";
    const text = `${instead}write ${present}: ${inYaml(valueAt(config, to))}`;
    hints.push({ path: first, part: "key", text });
  }
  return hints;
}

/** The paths in `config` that match a pattern; `*` in it matches every item of a list. */
function placesOf(config: Mapping, pattern: readonly string[]): OptionPath[] {
  return pattern.reduce<OptionPath[]>(
    (places, part) =>
      places.flatMap((at) => {
        const value = valueAt(config, at);
        if (part === "*") return Array.isArray(value) ? value.map((_, i) => [...at, i]) : [];
        return isRecord(value) && Object.hasOwn(value, part) ? [[...at, part]] : [];
      }),
    [[]],
  );
}

/** Whether `path` starts with `prefix`; `*` in either matches any part. */
function isWithin(path: OptionPath, prefix: OptionPath): boolean {
  return prefix.every((part, i) =>
    i < path.length && (part === "*" || path[i] === "*" || `${part}` === `${path[i]}`)
  );
}

function isFormerAugmentation(value: unknown): value is Mapping {
  if (!isRecord(value) || Object.hasOwn(value, "name")) return false;
  const keys = Object.keys(value);
  return keys.length === 0 || keys.some((key) => Object.hasOwn(augmentation.shape, key));
}

function nameOf(choice: unknown): unknown {
  return isRecord(choice) ? choice.name : choice;
}

function isNameIn(registry: object, choice: unknown): boolean {
  const name = nameOf(choice);
  return typeof name === "string" && Object.hasOwn(registry, name);
}
