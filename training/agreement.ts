/**
 * What ranks that train together know of each other. They exchange everything that depends on one
 * rank's images, on a signal or on a clock, so that all do the same: a rank that stopped alone
 * would leave the others waiting forever.
 */
import { deserialize, serialize } from "node:v8";
import { InputError, RunError, UserError } from "../errors.ts";
import type { Ranks } from "../ranks/ranks.ts";

/** What only one rank knows. */
interface OwnSignals {
  readonly stopping: boolean;
  readonly isOver: boolean;
}

interface Message extends OwnSignals {
  readonly value: unknown;
}

/** What the ranks of a training agree on; a single rank decides at once. */
export class Agreement {
  #agreed: OwnSignals = { stopping: false, isOver: false };

  /** @param own this rank's signals, read at each exchange */
  constructor(private readonly ranks: Ranks, private readonly own: OwnSignals) {}

  get isAlone(): boolean {
    return this.ranks.size === 1;
  }

  /** Whether any rank was asked to stop, as of the last exchange. */
  get stopping(): boolean {
    return (this.isAlone ? this.own : this.#agreed).stopping;
  }

  /** Whether the time was over by the clock of the first rank, as of the last exchange. */
  get isOver(): boolean {
    return (this.isAlone ? this.own : this.#agreed).isOver;
  }

  /**
   * The values of all ranks, in rank order. All must call it; typed arrays, maps and NaN keep their
   * types.
   */
  async share<T>(value: T): Promise<T[]> {
    if (this.isAlone) return [value];
    const { stopping, isOver } = this.own;
    const gathered = await this.ranks.gather(serialize({ value, stopping, isOver }));
    const messages: Message[] = gathered.map((bytes) => deserialize(bytes));
    this.#agreed = {
      stopping: messages.some(({ stopping }) => stopping),
      isOver: messages[0].isOver,
    };
    return messages.map(({ value }) => value as T);
  }

  /** This rank's lines, which name the rank if there are several. */
  named(lines: readonly string[] = []): readonly string[] {
    return this.isAlone ? lines : lines.map((line) => `${ranksOf([this.ranks.rank])}: ${line}`);
  }

  /** The values of all ranks in turn, starting with the first rank's. */
  async *inTurn<T>(own: AsyncIterable<T>): AsyncGenerator<T, void, void> {
    if (this.isAlone) return yield* own;
    const results = own[Symbol.asyncIterator]();
    try {
      while (true) {
        const { value, done } = await results.next();
        const round = (await this.share(done ? [] : [value as T])).flat();
        if (round.length === 0) return;
        yield* round;
      }
    } finally {
      await results.return?.();
    }
  }

  /**
   * Throws RunError, naming the ranks, unless all have the same weights.
   *
   * @param digest of this rank's
   * @param step after which
   */
  async compareWeights(digest: string, step: number): Promise<void> {
    const all = await this.share(digest);
    const others = all.flatMap((found, rank) => found === all[0] ? [] : [rank]);
    if (others.length === 0) return;
    throw thrownByAll(
      new RunError(
        `after step ${step} the weights of ${ranksOf(others)} are not those of rank 0: a machine ` +
          "computes wrong results, or differently from the others",
      ),
    );
  }
}

/**
 * Throws InputError, on all ranks, unless all train with the same facts.
 *
 * @param findFacts returns the facts by name; called if there are several ranks
 */
export async function requireSame(
  ranks: Ranks,
  findFacts: () => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>,
): Promise<void> {
  if (ranks.size === 1) return;
  const facts = await findFacts();
  const all = await gatherJson(ranks, facts);
  const names = [...new Set(all.flatMap(Object.keys))];
  const different = names.filter((name) => all.some((facts) => facts[name] !== all[0][name]));
  if (different.length === 0) return;
  const lines = different.map((name) => {
    const byValue = Map.groupBy(all.keys(), (rank) => all[rank][name] ?? "missing");
    const values = [...byValue].map(([value, ranks]) => `${value} on ${ranksOf(ranks)}`);
    return `${name}: ${values.join(", ")}`;
  });
  throw thrownByAll(
    new InputError(`the ranks would not train the same:\n  ${lines.join("\n  ")}`),
  );
}

/**
 * The result of work that each rank does alone, without exchanges. UserErrors of some are thrown on
 * all, so that one rank can report all of them.
 *
 * @param nameOf the name of a rank in errors. Default: `rank 0`
 */
export async function sharedWork<T>(
  ranks: Ranks,
  work: () => Promise<T> | T,
  nameOf: (rank: number) => string = (rank) => ranksOf([rank]),
): Promise<T> {
  if (ranks.size === 1) return await work();
  let [result, failure]: [T?, UserError?] = [];
  try {
    result = await work();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    failure = error;
  }
  const own = failure && { message: failure.message, isInput: failure instanceof InputError };
  const all = await gatherJson(ranks, own ?? null);
  const failed = all.flatMap((one, rank) => one ? [{ ...one, rank }] : []);
  if (failed.length === 0) return result!;
  const byMessage = Map.groupBy(failed, ({ message }) => message);
  const lines = [...byMessage].map(([message, ranks]) =>
    ranks.length === all.length
      ? message
      : `${ranks.map(({ rank }) => nameOf(rank)).join(", ")}: ${message}`
  );
  const kind = failed.every(({ isInput }) => isInput) ? InputError : RunError;
  throw thrownByAll(new kind(lines.join("\n"), { cause: failure }));
}

/** The values of all ranks; as text, so that ranks of other versions can read it. */
async function gatherJson<T>(ranks: Ranks, own: T): Promise<T[]> {
  const all = await ranks.gather(new TextEncoder().encode(JSON.stringify(own)));
  return all.map((bytes) => JSON.parse(new TextDecoder().decode(bytes)));
}

/** Ranks as text: `rank 0`, `ranks 1, 2`. */
export function ranksOf(ranks: readonly number[]): string {
  return `${ranks.length === 1 ? "rank" : "ranks"} ${ranks.join(", ")}`;
}

const COMMON = new WeakSet<Error>();

/** Records that every rank is throwing such an error, so that only one rank reports it. */
export function thrownByAll<E extends Error>(error: E): E {
  COMMON.add(error);
  return error;
}

/** Whether every rank has thrown such an error. */
export function isThrownByAll(error: unknown): boolean {
  return error instanceof Error && COMMON.has(error);
}
