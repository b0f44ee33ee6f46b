import { assert } from "@std/assert";
import { composeKernel } from "../../../backends/wasm/kernels/compose_kernel.ts";
import { composeKernelDGradient } from "../../../backends/wasm/kernels/compose_kernel_gradient.ts";
import {
  type ComposeKernelAttributes,
  composeKernelDGradientOp,
  composeKernelOp,
  composeKernelWGradientOp,
} from "../../../ops/compose_kernel.ts";
import type { Shape } from "../../../graph/types.ts";
import { checkNode, type NodeCase, randomNode, randomSource, TARGETS } from "./node_check.ts";
import { runnableNode } from "./run_node.ts";

interface Composition {
  readonly w: Shape;
  readonly d: Shape;
  readonly kernel: Shape;
  readonly attributes: ComposeKernelAttributes;
}

function randomComposition(random: () => number): Composition {
  const pick = <T>(...choices: T[]): T => choices[Math.floor(random() * choices.length)];
  const groups = pick(1, 1, 2, 3, 4);
  const groupIn = pick(1, 2, 3, 5, 8);
  const outChannels = groups * pick(1, 2, 3, 4, 5, 9);
  const kernelSize = [pick(1, 2, 3, 5), pick(1, 3, 3, 4)] as const;
  const area = kernelSize[0] * kernelSize[1];
  const depth = area + pick(0, 0, 1, 3, area, 2 * area + 1);
  return {
    w: [outChannels, groupIn, depth],
    d: [groups * groupIn, area, depth],
    kernel: [outChannels, groupIn, ...kernelSize],
    attributes: { groups, kernelSize, pairing: pick("paper", "authors") },
  };
}

const OPS = {
  composeKernel: {
    family: composeKernel,
    make: ({ w, d, attributes }: Composition): NodeCase => ({
      op: composeKernelOp,
      inputs: [w, d],
      attributes,
    }),
  },
  composeKernelWGradient: {
    family: composeKernel,
    make: ({ kernel, d, attributes }: Composition): NodeCase => ({
      op: composeKernelWGradientOp,
      inputs: [kernel, d],
      attributes,
    }),
  },
  composeKernelDGradient: {
    family: composeKernelDGradient,
    make: ({ kernel, w, attributes }: Composition): NodeCase => ({
      op: composeKernelDGradientOp,
      inputs: [kernel, w],
      attributes,
    }),
  },
};

for (const [name, { family, make }] of Object.entries(OPS)) {
  Deno.test(`${name} kernels compute random shapes, groups and both pairings`, () => {
    const random = randomSource(5);
    for (let i = 0; i < 90; i++) {
      const node = randomNode(make(randomComposition(random)), random);
      checkNode(family, node, TARGETS[i % TARGETS.length], 1 + i % 3);
    }
  });
}

Deno.test("many rows of few channels are shared among threads", () => {
  const composition: Composition = {
    w: [64, 1, 9],
    d: [1, 9, 9],
    kernel: [64, 1, 3, 3],
    attributes: { groups: 1, kernelSize: [3, 3], pairing: "paper" },
  };
  const random = randomSource(1);
  for (const { family, make } of [OPS.composeKernel, OPS.composeKernelWGradient]) {
    const node = randomNode(make(composition), random);
    const { launches } = runnableNode(family, node, TARGETS[0], 8);
    assert(launches.at(-1)!.launch.items! >= 8);
    checkNode(family, node, TARGETS[0], 8);
  }
});
