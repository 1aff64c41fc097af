/** The only place that makes HTTP requests. */

import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { encodePath, encodePathSegment } from './urls';
import type {
  Axis,
  Band,
  Curves,
  Files,
  Importance,
  Keys,
  LogMatches,
  LogPage,
  Media,
  Problem,
  RunDetail,
  RunsPage,
  Stream,
  SweepDetail,
  Sweeps,
  SweepSummary
} from './schemas';
import type { RequestArguments, Verb } from './requests';

/** A response that reports an error; its message is a sentence for the user. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string
  ) {
    super(message);
  }
}

type Query = Record<string, string | number | boolean | readonly string[] | null | undefined>;

export interface IRunsQuery {
  since?: string;
  order?: string;
  descending?: boolean;
  limit?: number;
  offset?: number;
}

export interface ICurvesQuery {
  stream?: Stream;
  keys: readonly string[];
  runs: readonly string[];
  axis?: Axis;
  points?: number;
  /** The first and the last step; without it, all steps. */
  first?: number;
  last?: number;
}

export interface IImportanceQuery {
  /** A key of the summary; the objective by default. */
  metric?: string;
  evaluator?: string;
  quantile?: number;
}

/** The REST interface of the server extension; every method may throw an `ApiError`. */
export class RestAPI {
  constructor(readonly settings: ServerConnection.ISettings) {}

  sweeps(): Promise<Sweeps> {
    return this._get('sweeps');
  }

  sweep(sweep: string): Promise<SweepDetail> {
    return this._get(sweepPath(sweep));
  }

  deleteSweep(sweep: string): Promise<void> {
    return this._send('DELETE', sweepPath(sweep));
  }

  request<V extends Verb>(
    sweep: string,
    verb: V,
    args: RequestArguments[V]
  ): Promise<SweepSummary> {
    return this._send('POST', `${sweepPath(sweep)}/requests`, { verb, ...args });
  }

  runs(sweep: string, query: IRunsQuery = {}): Promise<RunsPage> {
    return this._get(`${sweepPath(sweep)}/runs`, { ...query });
  }

  keys(sweep: string): Promise<Keys> {
    return this._get(`${sweepPath(sweep)}/keys`);
  }

  curves(sweep: string, query: ICurvesQuery): Promise<Curves> {
    const { keys, runs, ...rest } = query;
    return this._get(`${sweepPath(sweep)}/curves`, { ...rest, key: keys, run: runs });
  }

  band(sweep: string, key: string, axis: Axis): Promise<Band> {
    return this._get(`${sweepPath(sweep)}/band`, { key, axis });
  }

  importance(sweep: string, query: IImportanceQuery = {}): Promise<Importance> {
    return this._get(`${sweepPath(sweep)}/importance`, { ...query });
  }

  run(sweep: string, run: string): Promise<RunDetail> {
    return this._get(sweepPath(sweep, run));
  }

  media(sweep: string, run: string, key?: string): Promise<Media> {
    return this._get(`${sweepPath(sweep, run)}/media`, { key });
  }

  log(sweep: string, run: string, first: number, count: number): Promise<LogPage> {
    return this._get(`${sweepPath(sweep, run)}/log`, { first, count });
  }

  logMatches(
    sweep: string,
    run: string,
    text: string,
    first: number,
    limit: number
  ): Promise<LogMatches> {
    return this._get(`${sweepPath(sweep, run)}/log/matches`, { text, first, limit });
  }

  files(sweep: string, run: string): Promise<Files> {
    return this._get(`${sweepPath(sweep, run)}/files`);
  }

  /** Return the text of a saved file. */
  async fileText(sweep: string, run: string, file: string): Promise<string> {
    const response = await this._response(this.fileUrl(sweep, run, file), {});
    return response.text();
  }

  /** Return the URL of a saved file, for an image or a link. */
  fileUrl(sweep: string, run: string, file: string): string {
    return this._url(`${sweepPath(sweep, run)}/files/${encodePath(file)}`, {}, true);
  }

  /** Return the URL of the page that draws a saved plotly figure. */
  plotlyUrl(sweep: string, run: string, file: string): string {
    return this._url(`${sweepPath(sweep, run)}/plotly/${encodePath(file)}`, {}, true);
  }

  /** Return the URL that downloads the whole output of a run. */
  logUrl(sweep: string, run: string): string {
    return this._url(`${sweepPath(sweep, run)}/log/text`, {}, true);
  }

  private _get<T>(endpoint: string, query: Query = {}): Promise<T> {
    return this._json(this._url(endpoint, query), {});
  }

  private _send<T>(method: string, endpoint: string, body?: unknown): Promise<T> {
    return this._json(this._url(endpoint, {}), {
      method,
      body: body === undefined ? undefined : JSON.stringify(body)
    });
  }

  private async _json<T>(url: string, init: RequestInit): Promise<T> {
    const response = await this._response(url, init);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  private async _response(url: string, init: RequestInit): Promise<Response> {
    const response = await this._fetch(url, init);
    if (!response.ok) {
      throw new ApiError(response.status, await errorMessage(response));
    }
    return response;
  }

  private async _fetch(url: string, init: RequestInit): Promise<Response> {
    try {
      return await ServerConnection.makeRequest(url, init, this.settings);
    } catch (error) {
      if (error instanceof ServerConnection.NetworkError) {
        throw new ApiError(0, 'Cannot reach the Jupyter server. Is it still running?');
      }
      throw error;
    }
  }

  /** Links that the browser follows by itself need the token if there is no cookie. */
  private _url(endpoint: string, query: Query, link = false): string {
    const url = URLExt.join(this.settings.baseUrl, 'wandb-magic', 'api', endpoint);
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== null && value !== undefined) {
        for (const item of Array.isArray(value) ? value : [value]) {
          search.append(name, String(item));
        }
      }
    }
    if (link && this.settings.appendToken && this.settings.token) {
      search.append('token', this.settings.token);
    }
    const text = search.toString();
    return text ? `${url}?${text}` : url;
  }
}

function sweepPath(sweep: string, run?: string): string {
  const start = `sweeps/${encodePathSegment(sweep)}`;
  return run === undefined ? start : `${start}/runs/${encodePathSegment(run)}`;
}

async function errorMessage(response: Response): Promise<string> {
  try {
    const problem = (await response.json()) as Problem;
    if (problem.message) {
      return problem.message;
    }
  } catch {
    // This is not a response of our server: it is a proxy's page, or empty.
  }
  return `${response.status} ${response.statusText}`;
}
