fn storeResults(lane: u32, state: State) {
  let channel = lane * WIDTH;
  let root = 1.0f / sqrt(varianceOf(channel) + EPS);
  var scale = root;
  if (HAS_WEIGHT) { scale *= weightOf(channel); }
  storeDWeightOf(channel, root * state.product);
  storeDBiasOf(channel, state.sum);
  storeDMeanOf(channel, -scale * state.sum);
  storeDVarianceOf(channel, -0.5f * scale * root * root * state.product);
}
