/**
 * Keys that configs had once. They are moved to where they are now before a config is validated, in
 * files as in the configs that checkpoints store, so that old ones keep working.
 */

import { stringify } from "yaml";
import type { OptionPath } from "../errors.ts";
import {
  FORMER_OPTIONS,
  moveLayerOption,
  moveModelOption,
} from "../layers/convolutions/do_conv_former.ts";

/** A mapping of a config, not yet validated. */
export type Mapping = Record<string, unknown>;

/** What is known of a former key that was found. */
export interface Found {
  /** What the key held. */
  readonly value: unknown;
  /** The mapping that held the key, now without it; may be changed. */
  readonly holder: Mapping;
  /** The whole config; may be changed. */
  readonly config: Mapping;
}

/** A key that is elsewhere now, or has another form. */
export interface FormerKey {
  /** Dotted path, as in `model.depthMultiplier`; `*` stands for every item of a list. */
  readonly path: string;
  /** Whether a value at the path is in the former form; every value is, by default. */
  isFormer?(value: unknown): boolean;
  /** Puts the value where it belongs now. */
  move(found: Found): void;
  /** What to write instead. */
  readonly hint: string | ((value: unknown) => string);
}

/** All of them. */
export const FORMER_KEYS: readonly FormerKey[] = [
  {
    path: "data.synthetic",
    isFormer: isMapping,
    move({ value, holder }) {
      const { dataset } = holder;
      holder.dataset = {
        ...(isMapping(dataset) ? dataset : { name: dataset }),
        ...value as Mapping,
      };
    },
    hint: (value) =>
      `now options of the dataset: write dataset: ${
        inYaml({ name: "synthetic", ...value as Mapping })
      }`,
  },
  {
    path: "data.augmentation",
    isFormer: isMapping,
    move({ value, holder }) {
      holder.augmentation = augmentationList(value as Mapping);
    },
    hint: (value) =>
      `now a list: write augmentation: ${inYaml(augmentationList(value as Mapping))}`,
  },
  ...FORMER_OPTIONS.flatMap((option): FormerKey[] => {
    const hint = (value: unknown) =>
      `now an option of the convolution: write convolution: { name: do_conv, ${option}: ${value} }`;
    return [
      {
        path: `model.layers.*.convolution.${option}`,
        move: ({ value, holder, config }) =>
          moveLayerOption(holder, config.model as Mapping, option, value),
        hint,
      },
      {
        path: `model.${option}`,
        move: ({ value, holder }) => moveModelOption(holder, option, value),
        hint,
      },
    ];
  }),
  {
    path: "training.labelSmoothing",
    move({ value, holder }) {
      const objective = holder.objective ?? "classification";
      holder.objective = isMapping(objective)
        ? { labelSmoothing: value, ...objective }
        : { name: objective, labelSmoothing: value };
    },
    hint: (value) =>
      "now an option of the objective: write objective: " +
      inYaml({ name: "classification", labelSmoothing: value }),
  },
];

/** A former key in a config. */
export interface FormerKeyFound {
  readonly path: OptionPath;
  readonly hint: string;
}

/** Moves every former key of `config`, in place, and says which there were, in the order of `keys`. */
export function moveFormerKeys(
  config: Mapping,
  keys: readonly FormerKey[] = FORMER_KEYS,
): FormerKeyFound[] {
  return keys.flatMap(({ path, isFormer = () => true, move, hint }) => {
    const parts = path.split(".");
    const last = parts.pop()!;
    return holdersAt(config, parts).flatMap(({ at, holder }) => {
      if (!Object.hasOwn(holder, last) || !isFormer(holder[last])) return [];
      const { [last]: value } = holder;
      delete holder[last];
      move({ value, holder, config });
      return [{ path: [...at, last], hint: typeof hint === "string" ? hint : hint(value) }];
    });
  });
}

/** The mappings that a path leads to, `*` in it standing for every item of a list. */
function holdersAt(
  config: Mapping,
  parts: readonly string[],
): { at: OptionPath; holder: Mapping }[] {
  let places: { at: OptionPath; value: unknown }[] = [{ at: [], value: config }];
  for (const part of parts) {
    places = places.flatMap(({ at, value }) => {
      if (part === "*") {
        return Array.isArray(value)
          ? value.map((item, i) => ({ at: [...at, i], value: item }))
          : [];
      }
      return isMapping(value) && Object.hasOwn(value, part)
        ? [{ at: [...at, part], value: value[part] }]
        : [];
    });
  }
  return places.flatMap(({ at, value }) => isMapping(value) ? [{ at, holder: value }] : []);
}

function augmentationList({ crop, flip }: Mapping): unknown[] {
  return [
    ...(crop === undefined ? [] : [{ name: "random_crop", ...crop as Mapping }]),
    ...(flip ? ["horizontal_flip"] : []),
  ];
}

/** A value as it is written on one line. */
function inYaml(value: unknown): string {
  return stringify(value, { collectionStyle: "flow", lineWidth: 0 }).trim();
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
