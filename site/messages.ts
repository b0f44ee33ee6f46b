/** Messages between the page and its worker, and the description of the network for the page. */

import type { NetworkDescription } from "../networks/network.ts";

/** The engine: WebGPU if its adapter is hardware, else WebAssembly; or one of the two. */
export type Engine = "auto" | "webgpu" | "cpu";

/** From the page to the worker. */
export type Request =
  /** Prepare the network on an engine. */
  | { readonly kind: "open"; readonly engine: Engine }
  /** Classify u8 pixels [height, width, channels]. */
  | { readonly kind: "classify"; readonly pixels: Uint8Array };

/** From the worker to the page. */
export type Reply =
  /**
   * The network is ready on `engine`. `canWebgpu`: whether the browser offers WebGPU; `notice`: why it
   * is not the requested engine.
   */
  | {
    readonly kind: "ready";
    readonly engine: "webgpu" | "cpu";
    readonly canWebgpu: boolean;
    readonly notice?: string;
  }
  /** Answers `classify`: a probability for each class, and the time the network took. */
  | {
    readonly kind: "result";
    readonly probabilities: readonly number[];
    readonly milliseconds: number;
  }
  /** An error message for the user. */
  | { readonly kind: "failure"; readonly message: string };

/** `card.json`: a description of the network, written by `overfold site`. */
export interface NetworkCard {
  /** The page's heading, such as the name of the model. */
  readonly title: string;
  /** Size of an input image, in pixels and channels. */
  readonly input: { readonly height: number; readonly width: number; readonly channels: number };
  /** The transforms that produce it from an image; see `NetworkDescription`. */
  readonly transforms?: NetworkDescription["transforms"];
  /** In the order of the probabilities. */
  readonly classNames: readonly string[];
  /** For a network with several classes per image: classes above this probability are shown. */
  readonly threshold?: number;
  /** Numbers in the network. */
  readonly parameters: number;
  /** Multiply-accumulate operations per image. */
  readonly macs: number;
  /** Bytes of the network's file. */
  readonly bytes: number;
  /** The checkpoint's validation, if it had one. */
  readonly validation?: {
    /** Metrics and values, formatted: `accuracy`, `97.50 %`. */
    readonly results: readonly (readonly [name: string, value: string])[];
    /** Number of images they were measured on. */
    readonly count: number;
  };
}
