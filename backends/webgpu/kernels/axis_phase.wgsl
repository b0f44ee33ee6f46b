// What a phase of a correlation does along an axis; see `AxisPhase` of ops/correlation_phases.ts.
struct AxisPhase {
  positions: i32,
  taps: i32,
  firstSource: i32,
  tapStep: i32,
  firstTap: i32,
  kernelStep: i32,
  firstResult: i32,
}
