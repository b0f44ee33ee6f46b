/** Describes a network in a few words: its model and the kind of its convolutions. */
import type { Architecture } from "../checkpoints/checkpoint.ts";

/** `resnet18 with do_conv`, `resnet18 with rep_vgg of do_conv, in part conv`; only the name for a list of layers. */
export function describeArchitecture({ name, options }: Architecture): string {
  const { convolution, convolutions = [], layers } = options;
  if (layers !== undefined || convolution === undefined || typeof convolution === "function") {
    return name;
  }
  const others = [...new Set(convolutions.map(spellKind))].join(" and ");
  return `${name} with ${spellKind(convolution)}${others === "" ? "" : `, in part ${others}`}`;
}

/** The name of a kind and of the kind nested in it. */
function spellKind(
  kind: string | { readonly name: string; readonly convolution?: unknown },
): string {
  if (typeof kind === "string") return kind;
  const nested = kind.convolution as Parameters<typeof spellKind>[0] | undefined;
  const inner = nested === undefined ? "conv" : spellKind(nested);
  return inner === "conv" ? kind.name : `${kind.name} of ${inner}`;
}
