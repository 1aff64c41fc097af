/** The address of a view, as parameters of the page's URL: `?wandb-sweep=…&wandb-run=…&wandb-tab=…`. Pure. */

/** What a link opens: a sweep, or one of its runs, and a tab of it. */
export interface ILink {
  sweep: string;
  run?: string;
  /** The name of the tab; empty for the one that was opened last. */
  tab: string;
}

const [SWEEP, RUN, TAB] = ['wandb-sweep', 'wandb-run', 'wandb-tab'];

/** Matches the URLs that `parseLink` accepts; for the router. */
export const LINK_PATTERN = /[?&]wandb-sweep=/;

// The ids become parts of URLs of the server.
const ID = /^[\w-]{1,128}$/;

/** What the query of a URL opens; null if it opens nothing of ours. */
export function parseLink(search: string): ILink | null {
  const params = new URLSearchParams(search);
  const [sweep, run, tab] = [SWEEP, RUN, TAB].map(name => params.get(name) ?? '');
  if (!ID.test(sweep) || (run !== '' && !ID.test(run))) {
    return null;
  }
  return { sweep, ...(run !== '' && { run }), tab };
}

/** The URL with this link instead of the one that it has; all else in it is kept. */
export function withLink(href: string, link: ILink | null): string {
  const url = new URL(href);
  const before = url.searchParams.toString();
  for (const [name, value] of [
    [SWEEP, link?.sweep],
    [RUN, link?.run],
    [TAB, link?.tab]
  ] as const) {
    if (value === undefined || value === '') {
      url.searchParams.delete(name);
    } else {
      url.searchParams.set(name, value);
    }
  }
  // Setting the same parameters could still spell the others differently.
  return url.searchParams.toString() === before ? href : url.href;
}

/** Whether two links open the same sweep or run, in whatever tab. */
export function isSameTarget(a: ILink | null, b: ILink | null): boolean {
  return a?.sweep === b?.sweep && a?.run === b?.run;
}
