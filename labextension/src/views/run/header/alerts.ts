/** What a run has passed to `run.alert`. Pure. */

/** The alerts of one run, from the notices of its sweep. */
export function alertsOf(notices: readonly string[], run: number): string[] {
  const prefix = `alert of run ${run}: `;
  return notices
    .filter(notice => notice.startsWith(prefix))
    .map(notice => notice.slice(prefix.length));
}
