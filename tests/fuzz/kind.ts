/** Kinds of files for fuzzing, and the outcome of one mutated file. */
import { UserError } from "../../errors.ts";
import { RandomStream, STREAM } from "../../graph/random.ts";
import { pick } from "../support/pick.ts";
import { damage } from "./bytes.ts";

/** Runs the network that was read; resolves with whether it was small enough to run. */
export type Run = () => Promise<boolean>;

/** A kind of untrusted file. */
export interface Kind {
  /** The file's name, on which readers may depend. */
  readonly file: string;
  /** Valid files, small: each is mutated many thousand times. */
  samples(): readonly Uint8Array[] | Promise<readonly Uint8Array[]>;
  /** Returns a copy mutated with knowledge of the format. Used for three of four files. */
  mutate?(sound: Uint8Array, random: RandomStream): Uint8Array | Promise<Uint8Array>;
  /**
   * Reads a file as the commands do, and may write to `folder`. Returns how to run what was read.
   */
  read(path: string, folder: string): Promise<Run | void>;
}

/** The outcome of a file: refused with an error for the user, read, or read and run. */
export type Outcome = "refused" | "accepted" | "run";

/** Mutated files after which a valid one is read again. */
const SOUND_EVERY = 50;

/** Reads mutated files of a kind, one per seed, in a folder of its own. */
export class Fuzzer {
  private constructor(
    private readonly kind: Kind,
    private readonly samples: readonly Uint8Array[],
    private readonly folder: string,
  ) {}

  /** Prepares a fuzzer. Throws unless every sample is read. */
  static async open(kind: Kind, folder: string): Promise<Fuzzer> {
    const fuzzer = new Fuzzer(kind, await kind.samples(), folder);
    for (const sample of fuzzer.samples) await fuzzer.#read(sample);
    return fuzzer;
  }

  /** The outcome of file `seed`. Throws an Error for anything worse than a refusal. */
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

  /** The mutated file of a seed. */
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
