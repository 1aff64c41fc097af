/** The processor time of the cheapest of a few calls, in microseconds: other processes count little. */
function cost(call: () => unknown): number {
  call(); // compiled by then
  let least = Infinity;
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const before = process.cpuUsage();
    let calls = 0;
    let used = 0;
    do {
      call();
      calls += 1;
      const { user, system } = process.cpuUsage(before);
      used = user + system;
    } while (used < 5000);
    least = Math.min(least, used / calls);
  }
  return least;
}

/** How many times as much processor time one call takes as another. */
export function costRatio(call: () => unknown, other: () => unknown): number {
  return cost(call) / cost(other);
}
