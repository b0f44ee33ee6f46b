/** The network: its sizes, its folding, its kernels, and changes of DO-Conv's factors. */
/// <reference lib="dom" />
import { Chart } from "../kit/chart.ts";
import { chartRow, type Content, element, facts, remark, section } from "../kit/dom.ts";
import { formatNumber } from "../kit/numbers.ts";
import { dataTable } from "../kit/table.ts";
import { formatCount, formatSi } from "../../reporting/format.ts";
import type { FactorData, KernelData, NetworkData, RunData } from "./data.ts";
import { absent, ofChosenRun } from "./selection.ts";

/** The section. */
export function network(runs: readonly RunData[]): HTMLElement {
  return section(
    "network",
    "Network",
    ofChosenRun(runs, (run) => {
      const { network } = run;
      if (!network) return [absent(run, ["network", "checkpoint"], "")];
      const { sizes, verification, kernels, factors } = network;
      return [
        facts(sizes),
        verification === undefined
          ? absent(run, ["verification", "folded network"], "")
          : element("p", { class: "verified" }, `Folding is verified: ${verification}.`),
        ...kernelSheets(kernels),
        ...factorCharts(factors),
        layerTable(network),
      ];
    }),
  );
}

function kernelSheets(kernels: readonly KernelData[]): Content[] {
  if (kernels.length === 0) return [];
  return [
    element("h3", {}, "Kernels of the first convolution"),
    remark(
      "Folding keeps the composed kernel. Gray is zero, also in color; each sheet has its own scale.",
    ),
    element("div", { class: "sheets" }, ...kernels.map(kernelSheet)),
  ];
}

function kernelSheet({ name, shape, values, most }: KernelData): HTMLElement {
  const [count, channels, height, width] = shape;
  const bytes = Uint8Array.from(atob(values), (letter) => letter.charCodeAt(0));
  const isColour = channels === 3;
  const plane = height * width;
  const pictures = Array.from({ length: isColour ? count : count * channels }, (_, i) => {
    const canvas = element("canvas", { width, height });
    const image = new ImageData(width, height);
    for (let p = 0; p < plane; p++) {
      const at = (channel: number) => bytes[(isColour ? 3 * i + channel : i) * plane + p];
      image.data.set(
        [at(0), at(1), at(2), 255].map((v, c) => isColour || c === 3 ? v : at(0)),
        4 * p,
      );
    }
    canvas.getContext("2d")?.putImageData(image, 0, 0);
    return canvas;
  });
  return element(
    "figure",
    { class: "sheet" },
    element(
      "figcaption",
      {},
      element("strong", {}, name),
      element("span", {}, `±${formatNumber(most, 3)}`),
    ),
    element(
      "div",
      { role: "img", class: "kernels", "aria-label": `${pictures.length} kernels, ${name}` },
      ...pictures,
    ),
  );
}

function factorCharts(factors: readonly FactorData[]): Content[] {
  if (factors.length === 0) return [];
  const x = factors.map((_, i) => i + 1);
  const of = (key: "least" | "lower" | "median" | "upper" | "greatest" | "change") =>
    factors.map((factor) => factor[key]);
  const layer = {
    label: "layer",
    isWhole: true,
    format: (value: number) => String(value),
  };
  return [
    element("h3", {}, "Distance of D from the identity"),
    chartRow(
      new Chart({
        title: "‖D − I‖ / ‖I‖ by layer, over input channels",
        x: layer,
        y: { label: "‖D − I‖ / ‖I‖", log: "offered" },
        series: [
          {
            name: "median, with quartiles",
            x,
            y: of("median"),
            band: { low: of("lower"), high: of("upper") },
          },
          { name: "greatest", x, y: of("greatest"), style: "points", colour: 1 },
          { name: "least", x, y: of("least"), style: "points", colour: 2 },
        ],
      }).element,
      new Chart({
        title: "Change of W by composing, ‖D∘W − W‖ / ‖W‖",
        x: layer,
        y: { label: "‖D∘W − W‖ / ‖W‖", log: "offered" },
        series: [{ name: "change", x, y: of("change") }],
      }).element,
    ),
    dataTable({
      caption: "Layers with D, by number in the charts",
      columns: [
        { title: "layer", value: ({ path }) => path },
        { title: "number", value: (factor) => factors.indexOf(factor) + 1 },
        { title: "channels", value: ({ channels }) => channels, format: formatCount },
        { title: "median ‖D − I‖ / ‖I‖", value: ({ median }) => median },
        { title: "greatest", value: ({ greatest }) => greatest },
        { title: "change of W", value: ({ change }) => change },
      ],
      rows: factors,
      most: 10,
    }),
  ];
}

function layerTable({ layers }: NetworkData): HTMLElement {
  return dataTable({
    caption: "Layers",
    columns: [
      { title: "layer", value: ({ path }) => path },
      { title: "kind", value: ({ kind }) => kind },
      { title: "output", value: ({ output }) => output },
      { title: "in training", value: ({ training }) => training, format: formatCount },
      { title: "folded", value: ({ folded }) => folded, format: formatCount },
      { title: "MACs", value: ({ macs }) => macs, format: formatSi },
    ],
    rows: layers,
    most: 10,
  });
}
