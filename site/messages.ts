/** What the page and its worker say to each other, and what the page shows of the network at once. */

import type { NetworkDescription } from "../networks/network.ts";

/** What computes: WebGPU where its adapter is hardware, else WebAssembly; or one of the two. */
export type Engine = "auto" | "webgpu" | "cpu";

/** From the page to the worker. */
export type Request =
  /** Make the network ready on an engine. */
  | { readonly kind: "open"; readonly engine: Engine }
  /** Classify u8 pixels [height, width, channels]. */
  | { readonly kind: "classify"; readonly pixels: Uint8Array };

/** From the worker to the page. */
export type Reply =
  /**
   * The network is ready on `engine`. `canWebgpu` says whether the browser offers WebGPU; `notice`
   * why it is another engine than was asked for.
   */
  | {
    readonly kind: "ready";
    readonly engine: "webgpu" | "cpu";
    readonly canWebgpu: boolean;
    readonly notice?: string;
  }
  /** Answers `classify`: a probability for each class, and how long the network took. */
  | {
    readonly kind: "result";
    readonly probabilities: readonly number[];
    readonly milliseconds: number;
  }
  /** Something failed; a sentence for a person. */
  | { readonly kind: "failure"; readonly message: string };

/** `card.json`: the network in numbers, written by `overfold site`. */
export interface NetworkCard {
  /** The page's heading, such as the name of the model. */
  readonly title: string;
  /** Extents of a picture, in pixels and channels. */
  readonly input: { readonly height: number; readonly width: number; readonly channels: number };
  /** What makes it of a picture; see `NetworkDescription`. */
  readonly transforms?: NetworkDescription["transforms"];
  /** In the order of the probabilities. */
  readonly classNames: readonly string[];
  /** Of a network for several classes per picture: those above this probability are shown. */
  readonly threshold?: number;
  /** Numbers the network consists of. */
  readonly parameters: number;
  /** Multiply-accumulate operations for one picture. */
  readonly macs: number;
  /** Bytes of the network's file. */
  readonly bytes: number;
  /** Of the validation at the checkpoint, where it had one. */
  readonly validation?: {
    /** What was measured and how it came out, as a person reads it: `accuracy`, `97.50 %`. */
    readonly results: readonly (readonly [name: string, value: string])[];
    /** Pictures it was measured on. */
    readonly count: number;
  };
}
