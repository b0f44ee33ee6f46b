/** Keys that plain data had once: how they are described, found and moved to where they are now. */
import type { OptionPath } from "../errors.ts";
import { isRecord } from "./record.ts";

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

/** A former key in a config. */
export interface FormerKeyFound {
  readonly path: OptionPath;
  readonly hint: string;
}

/** Moves every former key of `config`, in place, and says which there were, in the order of `keys`. */
export function moveFormerKeys(
  config: Mapping,
  keys: readonly FormerKey[],
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
      return isRecord(value) && Object.hasOwn(value, part)
        ? [{ at: [...at, part], value: value[part] }]
        : [];
    });
  }
  return places.flatMap(({ at, value }) => isRecord(value) ? [{ at, holder: value }] : []);
}
