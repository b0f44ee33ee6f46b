/**
 * Every elementwise op, fused chains included: one pass over memory, generated from the op's scalar
 * expression.
 *
 * Full operands are streamed linearly, whatever their shape. What varies by channel alone, such as
 * a batch norm's scale and shift, is computed once by each thread into tables; these repeat the
 * channels until their length is a multiple of the loop's stride, so that the loop walks data and
 * tables in parallel and never needs a channel's number. Elements that do not fill a round are
 * processed vector by vector, those that do not fill a vector one by one with the same code.
 */
import { sizeOf } from "../../../graph/types.ts";
import { broadcastsOf } from "../../../ops/elementwise.ts";
import { type KernelFamily, numberedRefs } from "../kernel.ts";
import { writeLoop } from "./elementwise_loop.ts";
import { greatestCommonDivisor } from "../../../graph/numbers.ts";
import { loopGrain, planLoop } from "./elementwise_plan.ts";
import { termGraph, VARIES } from "./expression_terms.ts";

export const elementwise: KernelFamily = {
  ops: [],
  orders(node, available) {
    const { outputs } = node;
    const spread = broadcastsOf(node);
    const channelsLast = outputs[0].shape.length > 2 &&
      spread.some((how, i) => how === "channel" || available[i] === "channelsLast");
    const order = channelsLast ? "channelsLast" : "plain";
    return {
      inputs: spread.map((how) => how === "full" ? order : "plain"),
      outputs: outputs.map(() => order),
    };
  },
  lower(node, lowering) {
    const layout = lowering.layout(node.outputs[0]);
    const broadcasts = broadcastsOf(node);
    const graph = termGraph(
      broadcasts,
      (arithmetic, values) => node.op.elementwise!.expression(arithmetic, values, node.attributes),
    );
    const plan = planLoop(graph, layout, lowering.target);
    const tables = lowering.threadScratch(plan.tableBytes * plan.tableCount);
    const { shape } = layout;
    const inputs = numberedRefs(lowering, "x", node.inputs, (i) => node.inputs[i].shape);
    const outputs = numberedRefs(lowering, "y", node.outputs, () => shape);
    const grain = loopGrain(plan);
    const perImage = layout.elements / layout.batch;
    const images = layout.shape.length > 2 && layout.batch > 1
      ? {
        count: layout.batch,
        operands: [
          ...Object.keys(inputs).filter((_, i) => broadcasts[i] === "full"),
          ...Object.keys(outputs),
        ],
      }
      : undefined;
    const unit = greatestCommonDivisor(
      images ? perImage : layout.elements,
      layout.elements % grain === 0 ? grain : layout.elements,
    );
    const operations = graph.terms.filter(({ operands, varies }) =>
      operands.length > 0 && varies === VARIES.full
    );
    lowering.launch<string>({
      kernel: `elementwise ${unit} ${layout.channels}/${layout.paddedChannels} ${graph.key}`,
      build: (f) => writeLoop(f, lowering.target, graph, layout, plan, unit, tables.stride),
      args: { ...inputs, ...outputs, tables: plan.tableCount > 0 ? tables.ref : 0 },
      writes: [...Object.keys(outputs), "tables"],
      items: layout.elements,
      grain,
      images,
      flops: operations.length * sizeOf(layout.shape),
    });
  },
};
