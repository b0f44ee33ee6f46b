/** Options of batch norms, including those within kinds of convolution. */

/** Options of `BatchNorm2d`; names and defaults of `torch.nn.BatchNorm2d`. */
export interface BatchNorm2dOptions {
  /** Added to the variance. Default 1e-5. */
  readonly eps?: number;
  /** Weight of the new batch in the running statistics. Default 0.1. */
  readonly momentum?: number;
  /** Whether each channel has a trained scale and shift. Default true. */
  readonly affine?: boolean;
  /** Initial value of the scale. Default 1. */
  readonly initialWeight?: number;
}
