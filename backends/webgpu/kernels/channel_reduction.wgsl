var<workgroup> threadStates: array<State, THREADS>;

fn computeGroup(group: vec3<u32>, thread: u32) {
  let lane = min(group.y * GROUP_LANES + thread % GROUP_LANES, LANES - 1);
  let row = thread / GROUP_LANES;
  let first = group.x * STRETCH + row;
  let last = min((group.x + 1) * STRETCH, COUNT) - 1;
  let base = begin(lane, min(first, last));
  var state = State();
  for (var item = first; item <= last; item += GROUP_ROWS) {
    state = add(state, base, lane, item);
  }
  threadStates[thread] = finish(state, base);
  workgroupBarrier();
  for (var distance: u32 = GROUP_ROWS / 2; distance > 0; distance /= 2) {
    if (row < distance) {
      threadStates[thread] = combine(
        threadStates[thread],
        threadStates[thread + distance * GROUP_LANES],
      );
    }
    workgroupBarrier();
  }
  if (row == 0 && group.y * GROUP_LANES + thread < LANES) {
    store(group.x, lane, threadStates[thread]);
  }
}
