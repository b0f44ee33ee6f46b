/** Kinds of files for fuzzing, and what becomes of one mutated file. */
import { UserError } from "../../errors.ts";
import { RandomStream, STREAM } from "../../graph/random.ts";
import { damage, pick } from "./bytes.ts";

/** Runs what was read; resolves with whether it was small enough to be run. */
export type Run = () => Promise<boolean>;

/** A kind of file that may come from elsewhere. */
export interface Kind {
  /** What files of the kind are called, as readers may go by it. */
  readonly file: string;
  /** Sound files, small: each is mutated many thousand times. */
  samples(): readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /** A mutated copy that knows the format. Three of four copies are made by it. */
  mutate?(sound: Uint8Array, random: RandomStream): Uint8Array | Promise<Uint8Array>;
  /** Reads a file as the commands do; `folder` is a place for what it writes. Gives how to run it. */
  read(path: string, folder: string): Promise<Run | void>;
}

/** What became of a file: refused with an error for the user, read, or read and run. */
export type Outcome = "refused" | "accepted" | "run";

/** After so many mutated files a sound one is read again. */
const SOUND_EVERY = 50;

/** Reads mutated files of a kind, one for each seed, in a folder of its own. */
export class Fuzzer {
  private constructor(
    private readonly kind: Kind,
    private readonly samples: readonly Uint8Array[],
    private readonly folder: string,
  ) {}

  /** Ready to read. Throws unless every sample is read as it is. */
  static async open(kind: Kind, folder: string): Promise<Fuzzer> {
    const fuzzer = new Fuzzer(kind, await kind.samples(), folder);
    for (const sample of fuzzer.samples) await fuzzer.#read(sample);
    return fuzzer;
  }

  /** What becomes of file `seed`. Throws an Error where that is more than a refusal. */
  async outcome(seed: number): Promise<Outcome> {
    let outcome: Outcome;
    try {
      outcome = await this.#read(await this.mutated(seed));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      outcome = "refused";
    }
    if (seed % SOUND_EVERY === 0) await this.#readSound(seed);
    return outcome;
  }

  /** File `seed`. */
  async mutated(seed: number): Promise<Uint8Array> {
    const random = new RandomStream({ seed, stream: STREAM.synthetic });
    const sample = pick(this.samples, random).slice();
    const { mutate = damage } = this.kind;
    return await (random.integer(4) ? mutate : damage)(sample, random);
  }

  async #read(bytes: Uint8Array): Promise<Outcome> {
    const path = `${this.folder}/${this.kind.file}`;
    await Deno.writeFile(path, bytes);
    const run = await this.kind.read(path, this.folder);
    return await run?.() ? "run" : "accepted";
  }

  async #readSound(seed: number): Promise<void> {
    try {
      await this.#read(this.samples[0]);
    } catch (cause) {
      const before = `files ${seed - SOUND_EVERY + 1} to ${seed}`;
      throw new Error(`a sound file is refused after ${before}: ${cause}`, { cause });
    }
  }
}
