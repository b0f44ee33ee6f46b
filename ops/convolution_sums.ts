/**
 * The sums of a convolution and of its gradients, in float64: the reference for the convolution
 * ops.
 *
 * Every element is summed term by term in one fixed order. Four channels are summed in parallel,
 * which keeps each one's order: shared inputs are read once, and no addition waits for the previous
 * one. If fewer than four are left, the last is summed repeatedly.
 */
import { type ConvolutionGeometry, sourceIndex } from "./convolution_geometry.ts";

/** For each place of an image, the products that are summed there. */
interface Terms {
  /** The terms of place p are those from `starts[p]` up to `starts[p + 1]`, excluded. */
  readonly starts: Int32Array;
  /** Each term's element of the kernel's window. */
  readonly taps: Int32Array;
  /** Each term's place in the image on the other side of the convolution. */
  readonly sources: Int32Array;
}

/**
 * Adds the products of a convolution to `results`. On the side `output` these are the output's
 * channels, each a sum over the input's (`source`) and the taps; on the side `input` they are the
 * input gradient's, each a sum over the output gradient's channels and the taps.
 */
export function sumProducts(
  geometry: ConvolutionGeometry,
  side: "output" | "input",
  source: Float64Array,
  weight: Float64Array,
  results: Float64Array,
): void {
  const { batch, groups, inChannels, outChannels, inSize, outSize, kernelSize } = geometry;
  const { starts, taps, sources } = termsOf(geometry, side);
  const area = kernelSize[0] * kernelSize[1];
  const groupIn = inChannels / groups, groupOut = outChannels / groups;
  const input = { channels: groupIn, places: inSize[0] * inSize[1], weightStep: area };
  const output = {
    channels: groupOut,
    places: outSize[0] * outSize[1],
    weightStep: groupIn * area,
  };
  const [to, from] = side === "output" ? [output, input] : [input, output];
  for (let image = 0; image < batch * groups; image++) {
    const firstSource = image * from.channels * from.places;
    const firstWeight = image % groups * groupOut * groupIn * area;
    for (let channel = 0; channel < to.channels; channel += 4) {
      const [c0, c1, c2, c3] = fourFrom(channel, to.channels);
      const [y0, y1, y2, y3] = [c0, c1, c2, c3].map((c) => (image * to.channels + c) * to.places);
      const [w0, w1, w2, w3] = [c0, c1, c2, c3].map((c) => firstWeight + c * to.weightStep);
      for (let place = 0; place < to.places; place++) {
        const first = starts[place], end = starts[place + 1];
        let sum0 = results[y0 + place], sum1 = results[y1 + place];
        let sum2 = results[y2 + place], sum3 = results[y3 + place];
        for (let c = 0; c < from.channels; c++) {
          const x = firstSource + c * from.places, w = c * from.weightStep;
          for (let i = first; i < end; i++) {
            const value = source[x + sources[i]], tap = w + taps[i];
            sum0 += value * weight[w0 + tap];
            sum1 += value * weight[w1 + tap];
            sum2 += value * weight[w2 + tap];
            sum3 += value * weight[w3 + tap];
          }
        }
        results[y0 + place] = sum0;
        results[y1 + place] = sum1;
        results[y2 + place] = sum2;
        results[y3 + place] = sum3;
      }
    }
  }
}

/**
 * Adds the gradient by the weight to `dw`: each element is a sum over images and output rows, and
 * each row is summed separately.
 */
export function sumWeightGradient(
  geometry: ConvolutionGeometry,
  input: Float64Array,
  dy: Float64Array,
  dw: Float64Array,
): void {
  const { batch, groups, inChannels, outChannels } = geometry;
  const [height, width] = geometry.inSize;
  const [outHeight, outWidth] = geometry.outSize;
  const [kernelHeight, kernelWidth] = geometry.kernelSize;
  const area = kernelHeight * kernelWidth;
  const groupIn = inChannels / groups, groupOut = outChannels / groups;
  const rows = tapReads(geometry, 0), columns = tapReads(geometry, 1);
  for (let o = 0; o < outChannels; o += groupOut) {
    const firstChannel = o / groupOut * groupIn;
    for (let channel = 0; channel < groupOut; channel += 4) {
      const four = fourFrom(channel, groupOut).map((c) => o + c);
      const [y0, y1, y2, y3] = four.map((c) => c * outHeight * outWidth);
      for (let c = 0; c < groupIn; c++) {
        for (let tap = 0; tap < area; tap++) {
          const row = rows[Math.floor(tap / kernelWidth)], column = columns[tap % kernelWidth];
          const { indices, first, end } = column;
          const [w0, w1, w2, w3] = four.map((o) => (o * groupIn + c) * area + tap);
          let total0 = dw[w0], total1 = dw[w1], total2 = dw[w2], total3 = dw[w3];
          for (let n = 0; n < batch; n++) {
            const image = (n * inChannels + firstChannel + c) * height * width;
            const gradient = n * outChannels * outHeight * outWidth;
            for (let oy = row.first; oy < row.end; oy++) {
              const x = image + row.indices[oy] * width, y = gradient + oy * outWidth;
              let sum0 = 0, sum1 = 0, sum2 = 0, sum3 = 0;
              for (let i = first; i < end; i++) {
                const value = input[x + indices[i]];
                sum0 += value * dy[y + y0 + i];
                sum1 += value * dy[y + y1 + i];
                sum2 += value * dy[y + y2 + i];
                sum3 += value * dy[y + y3 + i];
              }
              total0 += sum0;
              total1 += sum1;
              total2 += sum2;
              total3 += sum3;
            }
          }
          dw[w0] = total0;
          dw[w1] = total1;
          dw[w2] = total2;
          dw[w3] = total3;
        }
      }
    }
  }
}

/** Four channels starting at `first`; the last one is repeated if there are fewer. */
function fourFrom(first: number, channels: number): number[] {
  return [0, 1, 2, 3].map((k) => Math.min(first + k, channels - 1));
}

/** The terms of each place of the output or of the input gradient, in the order of the taps. */
function termsOf(geometry: ConvolutionGeometry, side: "output" | "input"): Terms {
  const { inSize, outSize, kernelSize } = geometry;
  const rows = tapReads(geometry, 0), columns = tapReads(geometry, 1);
  const [height, width] = side === "output" ? outSize : inSize;
  const terms = Array.from({ length: height * width }, (): [number, number][] => []);
  for (let tap = 0; tap < kernelSize[0] * kernelSize[1]; tap++) {
    const row = rows[Math.floor(tap / kernelSize[1])], column = columns[tap % kernelSize[1]];
    for (let oy = row.first; oy < row.end; oy++) {
      for (let ox = column.first; ox < column.end; ox++) {
        const output = oy * outSize[1] + ox;
        const input = row.indices[oy] * inSize[1] + column.indices[ox];
        if (side === "output") terms[output].push([tap, input]);
        else terms[input].push([tap, output]);
      }
    }
  }
  const starts = new Int32Array(terms.length + 1);
  terms.forEach(({ length }, place) => starts[place + 1] = starts[place] + length);
  const all = terms.flat();
  return {
    starts,
    taps: Int32Array.from(all, ([tap]) => tap),
    sources: Int32Array.from(all, ([, source]) => source),
  };
}

/** The inputs that one tap of the kernel reads along an axis. */
interface TapReads {
  /** Input position for each output position; -1 where the tap reads zero padding. */
  readonly indices: Int32Array;
  /** The output positions from `first` to before `end` read the input. */
  readonly first: number;
  readonly end: number;
}

/** The inputs that each tap of the kernel reads along an axis. */
function tapReads(geometry: ConvolutionGeometry, axis: 0 | 1): TapReads[] {
  const outSize = geometry.outSize[axis];
  return Array.from({ length: geometry.kernelSize[axis] }, (_, tap) => {
    const indices = Int32Array.from(
      { length: outSize },
      (_, position) => sourceIndex(geometry, axis, position, tap),
    );
    const first = indices.findIndex((index) => index >= 0);
    const end = indices.findLastIndex((index) => index >= 0) + 1;
    return { indices, first: first < 0 ? end : first, end };
  });
}
