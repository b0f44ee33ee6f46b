/** The images with a network's worst mistakes. */
import type { Objective } from "./objectives/objective.ts";
import type { ImageTally, Judgement, TargetRows } from "./objectives/tally.ts";

/** An image that a network classifies wrongly. */
export interface Mistake extends Judgement {
  /** Its index among the images, from 0. */
  readonly image: number;
}

/** Collects mistakes in an evaluation that processes its images in order. */
export class Mistakes implements ImageTally {
  readonly #worst: Mistake[] = [];
  readonly #surest: Mistake[] = [];
  #images = 0;
  #count = 0;

  /**
   * @param judge of an objective
   * @param most number of mistakes kept of each kind
   */
  constructor(
    private readonly judge: NonNullable<Objective["judge"]>,
    private readonly most: number,
  ) {}

  get count(): number {
    return this.#count;
  }

  /** Those with the largest loss, the largest first. */
  get worst(): readonly Mistake[] {
    return this.#worst;
  }

  /** Those with the highest confidence, the highest first. */
  get surest(): readonly Mistake[] {
    return this.#surest;
  }

  add(logits: Float32Array, targets: TargetRows): void {
    for (const judgement of this.judge(logits, targets)) {
      const image = this.#images++;
      if (!judgement.isMistake) continue;
      this.#count++;
      const mistake = { ...judgement, image };
      this.#keep(this.#worst, mistake, ({ loss }) => loss);
      this.#keep(this.#surest, mistake, ({ confidence }) => confidence);
    }
  }

  /** Keeps a mistake in a list that is sorted from worst to best; among equals the first. */
  #keep(list: Mistake[], mistake: Mistake, measure: (mistake: Mistake) => number): void {
    const place = list.findLastIndex((other) => measure(other) >= measure(mistake)) + 1;
    if (place >= this.most) return;
    list.splice(place, 0, mistake);
    list.length = Math.min(list.length, this.most);
  }
}
