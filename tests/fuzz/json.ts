/** Mutations of JSON: strange values, and the document's own values in other places. */
import type { RandomStream } from "../../graph/random.ts";
import { pick } from "../support/pick.ts";

/** Values that are valid nowhere, or at the limit of what is valid. */
const STRANGE: readonly unknown[] = [
  ...[0, -1, 0.5, 2, 3, 2 ** 15, 2 ** 20, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53, 1e300, -0, NaN],
  ...[null, true, "", "x", "__proto__", "constructor", "\u001b[2J", [], [1, 2], {}, { name: "x" }],
];

/** The document with one place changed. */
export function mutateJson(document: unknown, random: RandomStream): unknown {
  const places = placesIn(document);
  if (places.length === 0) return pick(STRANGE, random);
  const { holder, key } = pick(places, random);
  const edit = pick(EDITS, random);
  return replace(document, holder, edit(holder, key, random, places));
}

type Holder = readonly unknown[] | Readonly<Record<string, unknown>>;

interface Place {
  readonly holder: Holder;
  readonly key: string;
}

/** Returns a holder with the key's entry changed. */
type Edit = (holder: Holder, key: string, random: RandomStream, all: readonly Place[]) => Holder;

const valueAt = ({ holder, key }: Place): unknown => (holder as Record<string, unknown>)[key];

const EDITS: readonly Edit[] = [
  (holder, key, random) => withValue(holder, key, pick(STRANGE, random)),
  (holder, key, random) => withValue(holder, key, neighbour(valueAt({ holder, key }), random)),
  (holder, key, random) => withValue(holder, key, neighbour(valueAt({ holder, key }), random)),
  (holder, key, random, all) => withValue(holder, key, valueAt(pick(all, random))),
  // A value of the same type is valid more often.
  (holder, key, random, all) => {
    const kindOf = (place: Place) => typeof valueAt(place);
    const alike = all.filter((place) => kindOf(place) === kindOf({ holder, key }));
    return withValue(holder, key, valueAt(pick(alike, random)));
  },
  (holder, key) =>
    Array.isArray(holder)
      ? holder.filter((_, i) => `${i}` !== key)
      : Object.fromEntries(Object.entries(holder).filter(([name]) => name !== key)),
  (holder, key, random, all) =>
    Array.isArray(holder)
      ? holder.toSpliced(Number(key), 0, holder[random.integer(holder.length)])
      : { ...holder, [pick(all, random).key]: valueAt({ holder, key }) },
];

/** A nearby number or one of another magnitude; a text with special characters. */
function neighbour(value: unknown, random: RandomStream): unknown {
  if (typeof value === "number") {
    return pick([value + 1, value - 1, 2 * value, value / 2, -value, 1e6 * value], random);
  }
  if (typeof value === "string") {
    return pick([value + "x", value.slice(1), `../${value}`, `\u001b]0;${value}\u0007`], random);
  }
  if (typeof value === "boolean") return !value;
  return [value];
}

function withValue(holder: Holder, key: string, value: unknown): Holder {
  return Array.isArray(holder) ? holder.with(Number(key), value) : { ...holder, [key]: value };
}

function placesIn(value: unknown, places: Place[] = []): Place[] {
  if (typeof value !== "object" || value === null) return places;
  for (const [key, inner] of Object.entries(value)) {
    places.push({ holder: value as Holder, key });
    placesIn(inner, places);
  }
  return places;
}

/** The document with one holder replaced. */
function replace(value: unknown, from: Holder, to: Holder): unknown {
  if (value === from) return to;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item) => replace(item, from, to));
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, replace(inner, from, to)]),
  );
}
