/**
 * Initial values of parameters: PyTorch's and MXNet's distributions, drawn from counter-based
 * random numbers.
 */
import { Parameter, type ParameterRole } from "../graph/parameter.ts";
import { type RandomSource, randomSource } from "../graph/random.ts";
import { type Shape, sizeOf } from "../graph/types.ts";

/**
 * Fills a kernel [O, I/groups, kH, kW] or a matrix [O, I], row-major. A `DoConv2d` applies it to the
 * plain kernel it stands for.
 */
export type Initializer = (data: Float32Array, shape: Shape, random: RandomSource) => void;

/** Number of inputs per output of a kernel or matrix: I/groups · kH · kW. */
export function fanIn(shape: Shape): number {
  return sizeOf(shape.slice(1));
}

/** Number of outputs per input: O · kH · kW. PyTorch's count, which ignores `groups`. */
function fanOut(shape: Shape): number {
  return shape[0] * sizeOf(shape.slice(2));
}

/** A parameter that an {@link Initializer} fills. */
export function initialized(
  shape: Shape,
  initialize: Initializer,
  role?: ParameterRole,
): Parameter {
  return new Parameter(shape, {
    role,
    initialize: (data, random) => initialize(data, shape, random),
  });
}

export function fillUniform(data: Float32Array, bound: number, random: RandomSource): void {
  for (let i = 0; i < data.length; i++) data[i] = bound * (2 * random.uniform() - 1);
}

function fillNormal(data: Float32Array, deviation: number, random: RandomSource): void {
  for (let i = 0; i < data.length; i++) data[i] = deviation * random.normal();
}

/**
 * Uniform in ±√(6 / ((1 + a²) · fanIn)). The default `a` = √5 makes it ±1/√fanIn, PyTorch's start
 * of convolutions and linear layers. Matches `torch.nn.init.kaiming_uniform_`.
 */
export function kaimingUniform(a = Math.sqrt(5)): Initializer {
  return (data, shape, random) =>
    fillUniform(data, Math.sqrt(6 / ((1 + a * a) * fanIn(shape))), random);
}

/**
 * Normal with deviation √(2 / fanOut): keeps the gradients' variance through ReLUs. Torchvision's
 * start of ResNets. Matches `torch.nn.init.kaiming_normal_(mode="fan_out", nonlinearity="relu")`.
 */
export const kaimingNormal: Initializer = (data, shape, random): void =>
  fillNormal(data, Math.sqrt(2 / fanOut(shape)), random);

/** The same with deviation √(2 / fanIn). Matches `torch.nn.init.kaiming_normal_`'s defaults. */
export const kaimingNormalFanIn: Initializer = (data, shape, random): void =>
  fillNormal(data, Math.sqrt(2 / fanIn(shape)), random);

/**
 * Uniform in ±√(6 / (fanIn + fanOut)), by Glorot and Bengio (2010). Matches
 * `torch.nn.init.xavier_uniform_` and MXNet's `Xavier()`.
 */
export const xavierUniform: Initializer = (data, shape, random) =>
  fillUniform(data, Math.sqrt(6 / (fanIn(shape) + fanOut(shape))), random);

/** Normal with mean 0. Matches `torch.nn.init.normal_`. */
export function normal(deviation: number): Initializer {
  return (data, _shape, random) => fillNormal(data, deviation, random);
}

/** A 1x1 kernel [C, C/groups, 1, 1] that does not change images. */
export function identityKernel([channels, inputs]: Shape): Float32Array {
  const kernel = new Float32Array(channels * inputs);
  for (let c = 0; c < channels; c++) kernel[c * inputs + c % inputs] = 1;
  return kernel;
}

export const zeros: Initializer = (data) => data.fill(0);

/**
 * PyTorch's start of a bias: uniform in ±1/√`inputs`, `inputs` being the {@link fanIn} of its
 * weight.
 */
export function biasUniform(inputs: number): Initializer {
  return (data, _shape, random) => fillUniform(data, 1 / Math.sqrt(inputs), random);
}

/**
 * Draws the parameters of one module. The numbers of a tensor are keyed by (seed, path of the
 * module, number of the module's tensors drawn before), not by the tensor's name or shape, so that
 * a convolution and an over-parameterized layer in its place draw the same kernel.
 */
export function initializeParameters(
  parameters: readonly Parameter[],
  seed: number,
  path: string,
): void {
  let drawn = 0;
  for (const parameter of parameters) {
    const random = new CountingSource(randomSource(seed, path, drawn));
    parameter.initialize(random);
    if (random.used) drawn++;
  }
}

/** Records whether any number was drawn; constant initial values draw none. */
class CountingSource implements RandomSource {
  used = false;
  constructor(private readonly source: RandomSource) {}

  uniform(): number {
    this.used = true;
    return this.source.uniform();
  }

  normal(): number {
    this.used = true;
    return this.source.normal();
  }
}
